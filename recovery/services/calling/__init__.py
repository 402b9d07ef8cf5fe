"""Calls promised to customers, and calls that a person has to make."""
