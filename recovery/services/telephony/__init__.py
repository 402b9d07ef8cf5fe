"""Calls that the desk places and takes itself."""
