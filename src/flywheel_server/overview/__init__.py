"""What stands above all rooms: health, alarms, the overview, the list of pages."""
