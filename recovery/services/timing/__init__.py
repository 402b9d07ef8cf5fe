"""Clocks, calendars, promises, and what falls due."""
