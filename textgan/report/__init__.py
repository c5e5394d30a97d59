"""The results of a run, presented: a table in the terminal, figures, and one self-contained HTML file."""
