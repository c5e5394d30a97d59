"""What came of a run, for people: a table in the terminal, figures, and one self-contained HTML file."""
