"""What is read of fleets: one function for all audiences, in its caller's transaction."""
