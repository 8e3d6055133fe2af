"""KerasTuner as a second search engine; `keras_tuner` itself is imported only where it is used."""
