"""What is known at an instant: readings, limits in force, demand, what was told and may be drawn, background."""
