"""Pages of partners: what their sites teach, the rules that came of it, their fleet and keys."""
