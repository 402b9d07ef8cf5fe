"""Tickets from the logging to the end, and how they are read."""
