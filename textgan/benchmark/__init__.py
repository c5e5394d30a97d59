"""Recipes by seeds on equal terms: which cells there are, their runs, their fronts, and the verdict."""
