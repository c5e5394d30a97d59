"""More labelled text from little: write it by label, drop what is no good, and measure whether it helped."""
