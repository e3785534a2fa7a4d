"""How fast the client is, as ratios to what one would use without it."""
