"""What changes this room's state, each with its invariants and its audit entry."""
