"""A run and its folder: train it, reopen it, sample from it, sweep it over temperatures."""
