"""What others made is as they made it, and its table says so."""

import hashlib
import re
from pathlib import Path

from recovery.domain.remedies import RemedyKind
from recovery.domain.tickets import FAILURES

VENDOR = Path(__file__).parents[1] / "recovery" / "static" / "vendor"
ROW = re.compile(r"^\| `(?P<file>[^`]+)` \|(?: [^|]+ \|){3} `(?P<sha256>[0-9a-f]{64})` \|$", re.MULTILINE)


def listed() -> dict[str, str]:
    table = (VENDOR / "VENDOR.md").read_text(encoding="utf-8")
    return {row["file"]: row["sha256"] for row in ROW.finditer(table)}


def test_every_vendored_file_is_listed_with_its_hash() -> None:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.name != "VENDOR.md"
    }
    assert listed() == found


def test_every_icon_that_a_template_draws_is_in_the_sprite() -> None:
    drawn = set()
    for template in (VENDOR.parents[1] / "templates").rglob("*.html"):
        drawn |= set(re.findall(r"""icon\(["']([\w-]+)["']""", template.read_text(encoding="utf-8")))
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (VENDOR / "icons.svg").read_text(encoding="utf-8")))
    assert drawn <= sprite


def test_every_icon_of_the_sprite_is_named_where_something_is_drawn() -> None:
    """By a page, or as the code of a mistake or a remedy, whose tile it is."""
    named = {*FAILURES, *RemedyKind}
    pages = [*(VENDOR.parents[1] / "templates").rglob("*.html"), *(VENDOR.parents[1] / "web").glob("*.py")]
    for page in pages:
        named |= set(re.findall(r"""["']([\w-]+)["']""", page.read_text(encoding="utf-8")))
    sprite = re.findall(r'<symbol id="([\w-]+)"', (VENDOR / "icons.svg").read_text(encoding="utf-8"))
    assert [icon for icon in sprite if icon not in named] == []
