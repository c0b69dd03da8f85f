"""Partners, organizations, sites, operators, people: who they are, and how they sign in."""
