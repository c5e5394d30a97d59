"""From a recipe to its parts, checked and ready to play."""
