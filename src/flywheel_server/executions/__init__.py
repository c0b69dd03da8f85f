"""Executions: read off the wire, recorded, corrected, kept, told as healings."""
