"""The learning policy: every threshold, and its history."""
