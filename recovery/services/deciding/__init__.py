"""Remedies, who may grant them alone, and who is asked above that."""
