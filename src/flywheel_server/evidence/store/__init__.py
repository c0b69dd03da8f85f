"""Statements of this room, and one function for each."""
