"""Two studies side by side: two runs of one dataset, or one question asked of two datasets."""
