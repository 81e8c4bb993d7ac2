"""What Busbar decides: pure functions and values, standard library only. Start with `microgrid`."""
