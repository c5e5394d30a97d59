"""What one should know about a text file before training a model on it, and a recipe that fits it."""
