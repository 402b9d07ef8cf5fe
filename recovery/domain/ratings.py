"""What customers answer when they are asked how well we put it right: one digit."""

SCALE = range(1, 6)
"""1 is badly, 5 is very well."""
LOW = 2
"""Up to here they are still unhappy, and a person hears of it."""


def is_low(rating: int) -> bool:
    return rating <= LOW
