"""Documents, and the programs that make or accompany them."""
