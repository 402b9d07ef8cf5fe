"""How it is said: in whose language, and in whose words."""
