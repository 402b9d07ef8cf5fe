"""A text's way out: claimed, sent, finished, and looked after where the outcome is unknown."""
