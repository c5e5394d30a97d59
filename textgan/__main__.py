"""`python -m textgan` is the command line too."""

from textgan.cli import main

if __name__ == "__main__":
    main()
