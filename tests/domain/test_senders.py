import pytest

from recovery.domain.errors import Invalid
from recovery.domain.senders import NOT_A_SENDER, parse_sender

SERVICE = "MG" + "0a" * 16


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", None),
        ("  ", None),
        ("+44 7700 900001", "+447700900001"),
        ("+1 (555) 555-0100", "+15555550100"),
        ("60606", "60606"),
        (SERVICE, SERVICE),
        (f" mg{SERVICE[2:].upper()} ", SERVICE),
    ],
)
def test_a_sender_is_read_as_people_write_it(typed: str, kept: str | None) -> None:
    assert parse_sender(typed) == kept


@pytest.mark.parametrize(
    "typed", ["07700 900001", "+44", "MG123", "Harbour", "+44 7700 900001 ext 5", "1234567", "AC" + "0" * 32]
)
def test_what_nobody_can_answer_is_refused_in_one_sentence(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_sender(typed)
    assert refused.value.errors == {"sender": [NOT_A_SENDER]}
