"""The texting provider's error codes, in plain words, and what is to be done about each.

Source: Twilio's error dictionary. One table: what the product does about a code follows from its row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FaultCategory(StrEnum):
    RETRY = "retry"
    RETRY_LATER = "retry_later"
    STOP_LINE = "stop_line"
    PERMANENT_NUMBER = "permanent_number"
    CHANGE_TEXT = "change_text"
    RESCHEDULE = "reschedule"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Fault:
    """`words` say what happened and `advice` what to do, both for staff; `code` is the provider's own, kept raw."""

    code: int | None
    category: FaultCategory
    words: str
    advice: str


COUNTRY_NOT_ALLOWED = 21408
OPTED_OUT = 21610
"""These two are acted on elsewhere; every other code matters by its category alone."""

_CALL = "Call the customer instead."
_ADMIN = "Texts wait until an admin has put this right; nothing is lost."
_WAIT = "It is tried again by itself."
_LATER = "It is tried again in a few hours; if it is urgent, call the customer."

_TABLE: Mapping[FaultCategory, Mapping[int, tuple[str, str]]] = {
    FaultCategory.RETRY: {
        20429: ("The texting provider is busy and asked us to slow down.", _WAIT),
        21730: ("The texting provider is short of capacity for a moment.", _WAIT),
    },
    FaultCategory.RETRY_LATER: {
        21611: ("Too many texts are queued at the provider for our number.", "An admin should look at the volume."),
        63038: ("Our account has reached its limit of texts for today.", "An admin should raise the limit."),
        30001: ("The provider's queue overflowed.", _LATER),
        30003: ("The phone is switched off or out of reach.", _LATER),
        30008: ("The phone company gave no reason why the text did not arrive.", _LATER),
        30022: ("The phone company allows us no more texts at the moment.", _LATER),
    },
    FaultCategory.STOP_LINE: {
        20003: ("The provider does not accept our account's credentials.", _ADMIN),
        20404: ("The provider does not know our account.", _ADMIN),
        21606: ("The number that we send from cannot send this text.", "An admin must choose a sender that can."),
        30034: ("Our number is not registered for business texts (US 10DLC).", "An admin must register it."),
    },
    FaultCategory.PERMANENT_NUMBER: {
        21211: ("This is not a phone number that can be texted.", "Ask the customer for the right number."),
        OPTED_OUT: ("The customer has opted out of our texts.", _CALL),
        21614: ("This is not a mobile number.", _CALL),
        21635: ("This is a landline, which takes no texts.", _CALL),
        COUNTRY_NOT_ALLOWED: (
            "Our account may not text this country.",
            "Call the customer instead; an admin can allow the country at the provider.",
        ),
        30005: ("The phone company does not know this number, or it is no longer in use.", "Check the number."),
        30006: ("This is a landline, or its phone company takes no texts.", _CALL),
        63014: ("The customer has blocked our texts.", _CALL),
    },
    FaultCategory.CHANGE_TEXT: {
        21602: ("The text was empty.", "Write it again."),
        21617: ("The text is longer than 1600 characters.", "Shorten it and send it again."),
        30007: ("The phone company filtered the text as unwanted.", "Say it in other words and send it again."),
    },
    FaultCategory.RESCHEDULE: {
        30610: ("It is too early or too late at the customer's to send this text.", "It goes out at a better hour."),
    },
}
_FAULTS: Mapping[int, Fault] = MappingProxyType(
    {
        code: Fault(code, category, words, advice)
        for category, faults in _TABLE.items()
        for code, (words, advice) in faults.items()
    }
)
# Answers without a code of the provider's own come from its edge, or from a proxy on the way: all speak of the account
# or of our settings, none of this one text.
_BY_HTTP_STATUS: Mapping[int, int] = MappingProxyType({401: 20003, 403: 20003, 404: 20404, 407: 20003, 429: 20429})
# Below this a "code" is an HTTP status that the client library put in the code's place.
FIRST_CODE = 10_000


def fault_for(code: int | None, http_status: int | None = None) -> Fault:
    """Always a fault: an unknown code is permanent, with the raw code kept and shown.

    `http_status` is None for codes that came in a delivery receipt. Answers of 5xx are no refusals: see SendInDoubt.
    """
    known = _FAULTS.get(code or 0)
    if known:
        return known
    if code is None or code < FIRST_CODE:
        return _FAULTS.get(_BY_HTTP_STATUS.get(http_status or 0, 0)) or _unknown(code)
    return _unknown(code)


def _unknown(code: int | None) -> Fault:
    named = f"for a reason that we do not know (code {code})" if code else "without giving a reason"
    return Fault(code, FaultCategory.PERMANENT, f"The provider refused the text {named}.", _CALL)
