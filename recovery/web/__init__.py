"""The pages."""

from flask import Flask


def install(app: Flask) -> None:
    """Each family of pages adds its line."""
