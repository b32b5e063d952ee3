"""How fast tables are checked, and in how much memory, beside frictionless."""
