"""Decisions: plain Python without I/O, clock or framework."""
