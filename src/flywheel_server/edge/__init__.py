"""The hot requests, answered before the framework."""
