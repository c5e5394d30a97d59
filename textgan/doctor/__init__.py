"""What a person should know of a file of text before a model learns from it, and a recipe that fits it."""
