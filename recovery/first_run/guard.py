"""Stops what its parent has started, should the parent be killed without a chance to do so itself.

A process of its own that reads process group ids from its standard input, a line each. A line `done` lets it go; an end of input without one
means that the parent is gone. Standard library only, so that it costs little.
"""

import os
import signal
import sys
import time
from contextlib import suppress

DONE = "done"
LOOKS = 150
SECONDS_BETWEEN_LOOKS = 0.1


def main() -> None:
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked, signal.SIG_IGN)
    groups: list[int] = []
    for line in sys.stdin:
        if line.strip() == DONE:
            return
        groups.append(int(line))
    stop(groups)


def stop(groups: list[int]) -> None:
    """Asks, waits, and in the end insists."""
    _signal_all(groups, signal.SIGTERM)
    for _ in range(LOOKS):
        if not _signal_all(groups, 0):
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
    _signal_all(groups, signal.SIGKILL)


def _signal_all(groups: list[int], number: int) -> bool:
    """Whether there still was anybody to tell."""
    somebody = False
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            somebody = True
    return somebody


if __name__ == "__main__":
    main()
