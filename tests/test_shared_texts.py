"""One table of texts for the server and for the page (tests/browser reads it too), with figures counted by somebody else."""

import json
from pathlib import Path

import pytest
import smsutil

from recovery.domain.texts import segments

TEXTS = json.loads((Path(__file__).parent / "shared_texts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", TEXTS, ids=[str(place) for place in range(len(TEXTS))])
def test_the_server_counts_each_shared_text_as_the_table_says(text: dict[str, str | int]) -> None:
    counted = segments(str(text["body"]))
    assert (counted.encoding, counted.units, counted.count) == (text["encoding"], text["units"], text["segments"])


@pytest.mark.parametrize("text", TEXTS, ids=[str(place) for place in range(len(TEXTS))])
def test_the_table_agrees_with_another_counter(text: dict[str, str | int]) -> None:
    assert len(smsutil.split(text["body"]).parts) == text["segments"]
