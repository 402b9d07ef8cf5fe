"""Recovery times and what is exported."""
