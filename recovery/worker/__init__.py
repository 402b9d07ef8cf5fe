"""`python -m recovery worker`: sends the texts and does what falls due."""

from recovery.worker.process import main

__all__ = ["main"]
