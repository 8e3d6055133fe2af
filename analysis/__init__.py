"""Turn a study's records into charts and a report, without Keras or TensorFlow."""
