"""`python3 -m recovery`: finds a Python that is new enough, then goes on in the package recovery/first_run.

This file alone must be readable for every Python 3 that a machine may bring; it uses the standard library only.
"""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWER_PYTHONS = ["python3.%d" % minor for minor in range(20, OLDEST[1] - 1, -1)]  # noqa: UP031 - for old Pythons


def go_on_in_a_newer_python():  # noqa: ANN201 - for old Pythons
    # type: () -> None
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]) == 0:
            os.execv(path, [path, "-m", "recovery"] + sys.argv[1:])  # noqa: RUF005 - for old Pythons
    sys.stderr.write(
        "Recovery Desk needs Python 3.11 or newer, and this is %s with no newer one on the PATH: "  # noqa: UP031
        "install one, for example from your system's packages.\n" % sys.version.split()[0]
    )
    sys.exit(2)


if sys.version_info < OLDEST:
    go_on_in_a_newer_python()

from recovery.first_run.commands import main  # noqa: E402 - an older Python must not read it

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
