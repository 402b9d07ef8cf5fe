"""Links open what they were made for, whatever the generation, and nothing else."""

import base64

import pytest

from recovery.domain.links import Opened, make_token, open_token

SECRET, PURPOSE, OF = "a secret that nobody knows", "customer", 2**62 + 17


@pytest.mark.parametrize("generation", [0, 1, 255, 256, 70_000])
def test_a_link_opens_what_it_was_made_for_however_often_it_was_revoked(generation: int) -> None:
    token = make_token(SECRET, PURPOSE, OF, generation)
    assert open_token(SECRET, PURPOSE, token) == Opened(OF, generation)


def test_a_link_is_no_longer_than_its_generation_needs() -> None:
    assert {len(make_token(SECRET, PURPOSE, OF, generation)) for generation in (0, 255)} == {34}
    assert len(make_token(SECRET, PURPOSE, OF, 70_000)) < 40


def test_another_generation_another_thing_and_another_purpose_have_other_links() -> None:
    tokens = {
        make_token(SECRET, PURPOSE, OF, 255),
        make_token(SECRET, PURPOSE, OF, 256),
        make_token(SECRET, PURPOSE, OF + 1, 255),
        make_token(SECRET, "approval", OF, 255),
        make_token("another secret", PURPOSE, OF, 255),
    }
    assert len(tokens) == 5


@pytest.mark.parametrize("generation", [7, 256])
def test_a_link_that_was_changed_or_cut_opens_nothing(generation: int) -> None:
    token = make_token(SECRET, PURPOSE, OF, generation)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert open_token(SECRET, PURPOSE, base64.urlsafe_b64encode(changed).decode().rstrip("=")) is None
    for length in range(len(token)):
        assert open_token(SECRET, PURPOSE, token[:length]) is None
    assert open_token(SECRET, "approval", token) is None
