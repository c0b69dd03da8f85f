"""What both doors show and read of this room."""
