from random import Random


class Chance(Random):  # the same business every time: nothing here is a secret
    """Chance that repeats itself: made with the same words, it draws the same."""

    def happens(self, share: float) -> bool:
        return self.random() < share
