"""The texting provider's error codes, in plain words, and what is to be done about each.

Source: Twilio's error dictionary. One table: what the product does about a code follows from its row here. Codes below
`FIRST_RECEIPT_CODE` refuse a text when we send it; those above come later, in a receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FaultCategory(StrEnum):
    RETRY = "retry"
    RETRY_LATER = "retry_later"
    FEW_RETRIES = "few_retries"
    """Of this one phone, and for now: tried again hours later, a few times."""
    STOP_LINE = "stop_line"
    """Of our account or sender: no text can get past it until an admin puts it right."""
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

    @property
    def is_known(self) -> bool:
        return self.code in _FAULTS


COUNTRY_NOT_ALLOWED = 21408
OPTED_OUT = 21610
"""These two are acted on elsewhere; every other code matters by its category alone."""
FIRST_RECEIPT_CODE = 30_000

_CALL = "Call the customer instead."
_ASK = "Call the customer, and ask for a number that takes texts."
_LANDLINE = "A landline: call, and ask for a number that takes texts."
_LATER = "We try again in a few hours, twice at most: a call is faster."
_WAIT = "It is tried again by itself."
_SETTINGS = "An admin puts this right at the provider or in the settings: see TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."
_SENDER = "An admin sets a sender that the account has: see TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID."
_REGISTER = "An admin registers it in the provider's console; texts go on by themselves afterwards."
_PROVIDER = "An admin asks the provider's support; texts go on by themselves afterwards."
_REWORD = "Say it in other words, or call the customer."

_TABLE: Mapping[FaultCategory, Mapping[int, tuple[str, str]]] = {
    FaultCategory.RETRY: {
        20429: ("The texting provider is busy and asked us to slow down.", _WAIT),
        21730: ("The texting provider is being serviced.", _WAIT),
        63018: ("The texting provider is busy on this channel.", _WAIT),
    },
    FaultCategory.RETRY_LATER: {
        21611: ("Ten hours of texts wait at the provider for our number.", "An admin looks at why so many go out."),
        63038: ("Our account has reached its limit of texts for a day.", "An admin asks the provider for more."),
    },
    FaultCategory.FEW_RETRIES: {
        30001: ("Too many texts waited at the provider, and this one was thrown away.", _LATER),
        30003: ("The phone is switched off or out of reach.", _LATER),
        30008: ("The phone company gave no reason why the text did not arrive.", _LATER),
        30017: ("The phone company's network was overloaded.", _LATER),
        30022: ("The phone company allows us no more texts at the moment.", _LATER),
        30023: ("The phone company allows us no more texts today.", _LATER),
        30027: ("The phone company allows us no more texts today.", _LATER),
        30036: ("The text waited at the provider until it was too old to be sent.", _LATER),
        63012: ("The channel's own system failed.", _LATER),
    },
    FaultCategory.STOP_LINE: {
        10001: ("Our account at the provider is not active.", _PROVIDER),
        20003: ("The provider does not accept our account's credentials.", _SETTINGS),
        20005: ("Our account at the provider is not active.", _PROVIDER),
        20006: ("Our account may not send texts.", _SETTINGS),
        20008: ("The credentials are those for tests, with which nothing is sent.", _SETTINGS),
        20404: ("The provider does not know our account.", _SETTINGS),
        21212: ("The number that we send from is not a phone number.", _SENDER),
        21603: ("The provider was told of no number to send from.", _SENDER),
        21606: ("The number that we send from cannot send this text.", _SENDER),
        21607: ("The number that we send from cannot send texts.", _SENDER),
        21659: ("The number that we send from is not one of the provider's.", _SENDER),
        21660: ("The number that we send from belongs to another account.", _SENDER),
        21661: ("The number that we send from cannot send texts.", _SENDER),
        21701: ("The messaging service that we send from does not exist.", _SENDER),
        21703: ("The messaging service that we send from has no number that can send this.", _SENDER),
        21704: ("The messaging service that we send from has no numbers.", _SENDER),
        21705: ("The messaging service that we send from does not exist.", _SENDER),
        30002: ("The provider has suspended our account.", _PROVIDER),
        30032: ("Our toll-free number has not been verified for texts.", _REGISTER),
        30033: ("Our registration for business texts in the US has been suspended.", _PROVIDER),
        30034: ("Our number is not registered for business texts in the US.", _REGISTER),
        30035: ("Our number's registration for business texts in the US is not finished.", _REGISTER),
        30037: ("The provider has switched off texting for our account.", _PROVIDER),
        63001: ("The provider cannot sign in to the channel that we send from.", _PROVIDER),
        63002: ("The channel does not know the sender that we send from.", _SENDER),
        63007: ("The channel does not know the sender that we send from.", _SENDER),
    },
    FaultCategory.PERMANENT_NUMBER: {
        14107: ("Too many texts went to this number within seconds.", "Read what went to and fro, then call."),
        21211: ("This is not a phone number that can be texted.", _ASK),
        21217: ("This does not look like a phone number.", _ASK),
        21265: ("This is a short code, which takes no texts from us.", _ASK),
        21266: ("This is our own number.", _ASK),
        21268: ("This is a premium number, which takes no texts from us.", _ASK),
        COUNTRY_NOT_ALLOWED: (
            "Our account may not text this country.",
            "Call the customer instead; an admin can allow the country at the provider.",
        ),
        21604: ("The provider was told of no number to text.", _ASK),
        21608: (
            "An account on trial texts only numbers that were verified.",
            "Call the customer; an admin verifies the number at the provider, or upgrades the account.",
        ),
        OPTED_OUT: ("The customer has opted out of our texts.", _CALL),
        21612: ("No text can get from our number to this one.", _CALL),
        21614: ("This is not a mobile number.", _CALL),
        21635: ("This is a landline, which takes no texts.", _LANDLINE),
        30004: ("The phone, or its company, blocks our texts.", _CALL),
        30005: ("The phone company does not know this number, or it is no longer in use.", _ASK),
        30006: ("This is a landline, or its company takes no texts.", _LANDLINE),
        30011: ("This phone takes no pictures by text.", "Write it without the picture, or call."),
        30018: (
            "The phone company takes texts only from senders registered with it.",
            "Call the customer; an admin registers our sender for that country.",
        ),
        30024: (
            "This phone company does not know our number as a sender yet.",
            "Call the customer; if it goes on for days, an admin asks the provider's support.",
        ),
        63003: ("This person is not on the channel that we write by.", _CALL),
        63014: ("The customer has blocked our texts.", _CALL),
        63016: ("It is too long since the customer wrote on this channel.", _CALL),
        63024: ("This is nobody on the channel that we write by.", _ASK),
        63033: ("The customer may not be written to on this channel.", _CALL),
    },
    FaultCategory.CHANGE_TEXT: {
        21602: ("The text was empty.", "Write it again."),
        21605: ("The text is too long.", "Shorten it and send it again."),
        21617: ("The text is longer than 1600 characters.", "Shorten it and send it again."),
        21618: ("The text holds what cannot be sent.", _REWORD),
        21619: ("There was neither a text nor a picture.", "Write it again."),
        21620: ("The picture's address cannot be read.", "Write it without the picture, or call."),
        30007: ("The phone company took the text for unwanted advertising and threw it away.", _REWORD),
        30019: ("The picture is too large for the phone company.", "Write it without the picture, or call."),
        30038: ("The text looked like a one-time password and was stopped.", _REWORD),
        63005: ("The channel did not take these words.", _REWORD),
        63013: ("The text breaks the channel's rules.", _REWORD),
        63019: ("The picture could not be fetched by the channel.", "Write it without the picture, or call."),
        63021: ("The channel does not take what is in this text.", _REWORD),
    },
    FaultCategory.RESCHEDULE: {
        30610: ("It was too early or too late at the customer's for this text.", _LATER),
    },
    FaultCategory.PERMANENT: {
        21609: ("The address for receipts that we gave is none.", "Call the customer; an admin checks PUBLIC_URL."),
        30009: ("A part of the text was lost on its way.", _CALL),
        30010: ("The text would have cost more than our account allows.", "Call; an admin can allow a higher price."),
        30012: ("The time that we gave the text to arrive was too short.", _CALL),
        30013: ("The time that we gave the text to arrive was too long.", _CALL),
        30039: ("The provider saw us and another machine answer one another.", "Read what went to and fro, then call."),
        30045: ("The time that we gave the text to arrive cannot be.", _CALL),
        30450: ("The provider stopped the text: such numbers are used for fraud.", "Call if you know the customer."),
        30453: ("The provider stopped the text: such numbers are used for fraud.", "Call if you know the customer."),
        63009: ("The channel refused the text.", _CALL),
        63010: ("The provider's own system failed.", _CALL),
    },
}
_FAULTS: Mapping[int, Fault] = MappingProxyType(
    {
        code: Fault(code, category, words, advice)
        for category, faults in _TABLE.items()
        for code, (words, advice) in faults.items()
    }
)
KNOWN: tuple[Fault, ...] = tuple(_FAULTS[code] for code in sorted(_FAULTS))
"""Every code that we have words for, in order."""
TRIED_AGAIN = frozenset({FaultCategory.FEW_RETRIES, FaultCategory.RESCHEDULE})
"""What a receipt may say of a text that is worth another one hours later."""
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


def fault_of(code: str | None, words: str | None = None) -> Fault:
    """Of a text as it was kept: its code as the provider spelt it, and what was written down about it then."""
    fault = fault_for(int(code) if code and code.isdecimal() else None)
    if words and not fault.is_known:
        return Fault(fault.code, fault.category, words, fault.advice)
    return fault


def _unknown(code: int | None) -> Fault:
    named = f"for a reason that we do not know (code {code})" if code else "without giving a reason"
    return Fault(code, FaultCategory.PERMANENT, f"The provider refused the text {named}.", _CALL)
