"""What this room answers from memory, and for how long."""
