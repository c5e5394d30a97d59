"""A run and its folder: trained, opened again, sampled from, swept over temperatures."""
