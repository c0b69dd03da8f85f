"""This room's steps of the loop."""
