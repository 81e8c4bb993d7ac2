"""A seeded depot in one-second ticks that speaks the contract's messages and knows nothing else of Busbar."""
