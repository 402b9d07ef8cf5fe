"""Writes what is made from code: docs/events.md and the texts in the README. Run `python docs/write.py`. A test fails while they differ."""

import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from recovery.domain.events import SCHEMAS, VERSION, Tag  # noqa: E402  # the path has to be there first
from tests.sms.real_texts import as_markdown  # noqa: E402

EVENTS = DOCS / "events.md"
README = DOCS.parent / "README.md"
TEXTS = re.compile(r"(<!-- texts: begin -->\n).*?(<!-- texts: end -->)", re.DOTALL)
HEADING = f"""# Events

Every line of the audit trail has a tag `thing:noun:verb`, version {VERSION} of its payload, who did it, when, and a hash
over all of that and the line before. Payloads carry ids, codes, amounts in minor units, instants and salted commitments,
never a phone number, a name or a text. A field that is absent had no value.

Made from `recovery/domain/events.py` by `python docs/write.py`.

"""


def events() -> str:
    rows = "".join(f"| `{tag.value}` | {_fields(tag)} |\n" for tag in sorted(Tag))
    return f"{HEADING}| tag | payload |\n| --- | --- |\n{rows}"


def _fields(tag: Tag) -> str:
    return ", ".join(f"`{name}` {kind.__name__}" for name, kind in SCHEMAS[tag].items()) or "nothing"


def readme() -> str:
    """The README with the shipped texts between its markers."""
    return TEXTS.sub(lambda found: found[1] + as_markdown() + found[2], README.read_text(encoding="utf-8"))


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
    EVENTS.write_text(events(), encoding="utf-8")
