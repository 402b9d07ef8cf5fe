import runpy
from pathlib import Path

from recovery.domain.events import SCHEMAS, Tag

WRITER = Path(__file__).parents[1] / "docs" / "write.py"


def test_the_catalogue_of_events_is_the_one_in_the_code() -> None:
    written = runpy.run_path(str(WRITER))
    assert written["EVENTS"].read_text(encoding="utf-8") == written["events"](), "run `python docs/write.py`"


def test_the_readme_shows_the_texts_as_they_go_out() -> None:
    written = runpy.run_path(str(WRITER))
    assert written["README"].read_text(encoding="utf-8") == written["readme"](), "run `python docs/write.py`"


def test_every_tag_has_a_schema_and_a_thing_a_noun_and_a_verb() -> None:
    assert set(SCHEMAS) == set(Tag)
    assert all(len(tag.value.split(":")) == 3 for tag in Tag)
