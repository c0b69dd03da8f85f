"""What the agents in the field really send, and the counts and sentences that must come of it."""
