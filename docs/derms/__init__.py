"""How another system listens to Busbar: a sample, and what its words mean there."""
