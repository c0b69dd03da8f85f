"""What people see of learning, at both doors, and what they may send."""
