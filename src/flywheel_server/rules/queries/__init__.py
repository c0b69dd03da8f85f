"""What is read of rules: one function for all audiences, in the transaction of its caller."""
