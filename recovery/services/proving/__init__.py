"""The trail: written, chained, anchored, searched and verified."""
