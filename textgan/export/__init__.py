"""Trained generators for the Hugging Face world: a folder that transformers loads, and its model card."""
