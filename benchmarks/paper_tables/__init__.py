"""The ten published tables that `benchmarks/papers.py` judges: one module for each kind of text."""
