"""Decisions of this room: plain Python without I/O or clock."""
