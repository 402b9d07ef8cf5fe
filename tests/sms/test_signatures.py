import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from recovery.sms.signatures import genuine

TOKEN = "token-in-force"
URL = "https://desk.example.com/hooks/twilio/status?ref=a%20b&x="
FORM = MultiDict([("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("Tag", "one"), ("Tag", "two"), ("Empty", "")])
TYPE = "application/x-www-form-urlencoded"


def signed(url: str = URL, form: MultiDict[str, str] | dict[str, str] = FORM, token: str = TOKEN) -> str:
    return RequestValidator(token).compute_signature(url, form)


def test_what_the_provider_signed_is_genuine() -> None:
    assert genuine(URL, FORM, signed(), [TOKEN], content_type=TYPE)
    assert genuine(URL, FORM, signed(), [TOKEN], content_type=TYPE + "; charset=utf-8")


def test_while_the_token_is_replaced_both_are_in_force() -> None:
    assert genuine(URL, FORM, signed(token="new"), [TOKEN, "new"], content_type=TYPE)
    assert not genuine(URL, FORM, signed(token="stolen long ago"), [TOKEN, "new"], content_type=TYPE)


@pytest.mark.parametrize("header", [None, "", "x", signed()[:-2], signed() + "=", signed().lower(), "ключ", "\x00"])
def test_a_missing_or_damaged_signature_is_not(header: str | None) -> None:
    assert not genuine(URL, FORM, header, [TOKEN], content_type=TYPE)


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("desk.example.com", "desk.example.com:8443"),
        URL.replace("desk", "evil"),
        URL.replace("%20", "+"),
        URL.replace("&x=", ""),
        URL.replace("/status", "/messages"),
        "https://desk.example.com/hooks/twilio/status?x=&ref=a%20b",
    ],
)
def test_a_signature_for_another_address_is_not(url: str) -> None:
    assert not genuine(URL, FORM, signed(url), [TOKEN], content_type=TYPE)


def test_the_provider_may_sign_with_the_usual_port_written_out() -> None:
    assert genuine(URL, FORM, signed(URL.replace(".com", ".com:443")), [TOKEN], content_type=TYPE)


def test_a_field_that_was_changed_added_or_taken_away_is_noticed() -> None:
    for other in (
        MultiDict([*FORM.items(multi=True), ("More", "1")]),
        MultiDict([pair for pair in FORM.items(multi=True) if pair != ("Tag", "two")]),
        MultiDict([("MessageSid", "SM2"), *list(FORM.items(multi=True))[1:]]),
    ):
        assert not genuine(URL, other, signed(), [TOKEN], content_type=TYPE)


@pytest.mark.parametrize("content_type", ["application/json", "", None, "text/plain", "multipart/form-data"])
def test_a_body_that_is_no_form_is_refused_though_the_library_would_take_it(content_type: str | None) -> None:
    empty: MultiDict[str, str] = MultiDict()
    header = signed(form=empty)
    assert RequestValidator(TOKEN).validate(URL, empty, header)
    assert not genuine(URL, empty, header, [TOKEN], content_type=content_type)


@pytest.mark.parametrize("tokens", [[], [""]])
def test_without_a_token_nothing_is_genuine(tokens: list[str]) -> None:
    assert not genuine(URL, FORM, signed(token=""), tokens, content_type=TYPE)


@pytest.mark.parametrize("params", [None, b"{}", "x", {"a": b"1"}, {"a": ["1"]}, {1: "x"}])
def test_nothing_that_a_stranger_sends_is_too_much(params: object) -> None:
    assert not genuine(URL, params, signed(), [TOKEN], content_type=TYPE)  # type: ignore[arg-type]  # that is the point
    assert not genuine("http://[broken", FORM, signed(), [TOKEN], content_type=TYPE)
