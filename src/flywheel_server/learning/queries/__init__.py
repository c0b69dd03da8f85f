"""What is read of learning: one function for all audiences, in its caller's transaction."""
