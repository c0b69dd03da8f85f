"""JSON of this room: parse, ask or act, answer."""
