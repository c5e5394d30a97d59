"""Augments small labelled data sets: generate text by label, filter it, and measure whether it helps."""
