"""The L2 gateway: plans, approvals, the model behind it, and what it may know."""
