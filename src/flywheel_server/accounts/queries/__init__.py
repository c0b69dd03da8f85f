"""Reads for both doors: scope and filters in, views out. They open no transaction."""
