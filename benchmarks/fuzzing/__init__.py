"""Cases that ought to end in success or in one clear line, and what it takes to try them."""
