"""Pages of clients: what was healed at their own sites and why, and what they decide about it."""
