"""What forms may bring: shape alone. Unknown fields are refused, and every complaint is one sentence."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from flask import request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from recovery.domain.callbacks import Outcome
from recovery.domain.errors import Invalid
from recovery.domain.ids import LARGEST_ID
from recovery.domain.languages import Language
from recovery.domain.remedies import RemedyKind
from recovery.domain.simulated_phones import Fate, ReceiptOrder
from recovery.domain.tasks import LONGEST_WORDS, TaskList
from recovery.domain.tickets import LONGEST_NAME, LONGEST_NOTE, Severity
from recovery.services.waiting.joining import LONGEST_WHAT_FOR

OF_EVERY_FORM = frozenset({"csrf_token", "do"})
MANY = frozenset({"days", "remedy", "scopes", "sites", "taker"})
WAS = "was-"
"""Before the name of a field: what stood in it when the page was opened."""
MEANWHILE = "Somebody changed this after you opened the page, {theirs}: save again to keep yours."
LONGEST_LINE = 120
LONGEST_TEXT = 1000
"""Of a text that staff write; the provider takes 1600 letters, and there is a signature to add."""
NOT_WHOLE = "Nothing was changed: this form was not whole. Open its page again."
MOST_MINUTES = 60 * 24 * 30
WAYS_BACK: Mapping[str, str] = {
    "desk": "desk.show",
    "undetected": "undetected.index",
    "waiting": "waiting.index",
}
"""Lists from which something is done with a ticket without opening it, and their endpoints."""


class Line(fields.String):
    """Text of people: trimmed, without what no database takes, never longer than said."""

    def __init__(self, longest: int = LONGEST_LINE, **options: Any) -> None:
        too_long = validate.Length(max=longest, error=f"Keep it below {longest + 1} characters.")
        super().__init__(validate=too_long, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **options)).replace("\r\n", "\n").strip()
        if any(unicodedata.category(letter) in {"Cs", "Cc"} and letter not in "\n\t" for letter in text):
            raise ValidationError("This holds a character that cannot be kept: type it again.")
        return text


class WholeNumber(fields.Field[int]):
    """Digits alone: no sign, no fraction, no 1e400."""

    def __init__(self, low: int, high: int, sentence: str, **options: Any) -> None:
        super().__init__(**options)
        self.low, self.high, self.sentence = low, high, sentence

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> int:  # noqa: ARG002  # marshmallow's signature
        text = str(value).strip()
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))):
            raise ValidationError(self.sentence)
        if not self.low <= int(text) <= self.high:
            raise ValidationError(self.sentence)
        return int(text)


class Form(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "This form has no such field."}  # noqa: RUF012  # marshmallow reads it from the class
    always: ClassVar[frozenset[str]] = frozenset()
    """What the page sends in any case, also when it is empty: one that is missing was lost, not emptied."""


def one_of(values: Iterable[Any], sentence: str = "Choose one of those offered.") -> validate.OneOf:
    return validate.OneOf([value.value for value in values], error=sentence)


def asked(sentence: str) -> dict[str, Any]:
    """Options of a field that must be filled, with the sentence for one that is not."""
    return {"required": True, "error_messages": {"required": sentence}}


class Versioned(Form):
    """Made from a state of the ticket: a newer one is shown before anything is written."""

    version = WholeNumber(1, LARGEST_ID, "Open the ticket again.", **asked("Open the ticket again."))


class SignInForm(Form):
    email = Line(254, **asked("Write your e-mail address."))
    password = fields.String(**asked("Write your password."))
    next = Line(500, load_default="")
    held = fields.String(load_default="")


class PasswordForm(Form):
    password = fields.String(**asked("Choose a password."))


class LogForm(Form):
    site = Line(**asked("Choose where it happened."))
    submission = Line(64, **asked("Open the log page again: this form was not whole."))
    phone = Line(60, load_default=None)
    name = Line(LONGEST_NAME, load_default=None)
    language = fields.String(validate=one_of(Language), load_default=None)
    failure = Line(40, **asked("Choose what went wrong."))
    remedy = fields.List(fields.String(validate=one_of(RemedyKind)), load_default=list)
    amount_refund = Line(load_default=None)
    amount_voucher = Line(load_default=None)
    note = Line(LONGEST_NOTE, load_default=None)
    severity = fields.String(validate=one_of(Severity), load_default=None)
    promise_minutes = WholeNumber(1, MOST_MINUTES, "Promise whole minutes, from 1 on.", load_default=None)
    order_reference = Line(60, load_default=None)
    order_amount = Line(load_default=None)
    order_kept = fields.Boolean(load_default=None)
    apologised = fields.Boolean(load_default=False)
    linked_to = Line(16, load_default=None)


class RecallForm(LogForm):
    """The log form while it is being filled: whatever stands in it is taken as it is."""

    site = Line(load_default="")
    submission = Line(load_default="")
    failure = Line(40, load_default=None)
    promise_minutes = Line(load_default=None)  # type: ignore[assignment]  # half a number is no mistake yet


class JoinForm(Form):
    """Somebody is put in line."""

    site = Line(**asked("Choose where they wait."))
    submission = Line(64, **asked("Open this page again: this form was not whole."))
    phone = Line(60, load_default=None)
    name = Line(LONGEST_NAME, load_default=None)
    language = fields.String(validate=one_of(Language), load_default=None)
    note = Line(LONGEST_WHAT_FOR, load_default=None)


class RemedyForm(Versioned):
    kind = fields.String(validate=one_of(RemedyKind), **asked("Choose what to give."))
    amount = Line(load_default=None)


class ReasonForm(Versioned):
    reason = Line(500, load_default="")


class FromListForm(Versioned):
    back = fields.String(validate=validate.OneOf(WAYS_BACK), load_default=None)
    """The list from which it is done."""


class MoveTextForm(Versioned):
    to = Line(20, **asked("Choose a ticket."))


class SetAsideForm(Form):
    reason = Line(500, load_default="")


class HandoverForm(Form):
    always = frozenset({"after", "note"})

    site = Line(**asked(NOT_WHOLE))
    after = WholeNumber(0, LARGEST_ID, NOT_WHOLE, **asked(NOT_WHOLE))
    taker = fields.List(
        fields.String(validate=validate.Regexp(r"\d{1,18}:\d{0,18}\Z", error=NOT_WHOLE)), load_default=list
    )
    """For each row its ticket and who takes it: "17:5", or "17:" where nobody was chosen."""
    rest = WholeNumber(1, LARGEST_ID, "Choose one of the people offered.", load_default=None)
    note = Line(LONGEST_NOTE, load_default=None)


class ReplyForm(Versioned):
    body = Line(LONGEST_TEXT, **asked("Write something first."))


class LanguageForm(Versioned):
    language = fields.String(validate=one_of(Language), **asked("Choose one of those offered."))


class PromiseForm(Versioned):
    minutes = WholeNumber(1, MOST_MINUTES, "Promise whole minutes, from 1 on.", **asked("Say in how many minutes."))
    tell = fields.Boolean(load_default=False)


class CallForm(Versioned):
    when = Line(40, load_default="")


class MoveForm(CallForm):
    always = frozenset({"when"})


class AttemptForm(Form):
    """Without a version: a call that was made is never refused because somebody else touched the ticket. `number`: which
    try it tells of, so that an old page, or a second press, does not tell of it as of another."""

    outcome = fields.String(validate=one_of(Outcome), **asked("Say how the call went."))
    note = Line(500, load_default=None)
    number = WholeNumber(1, LARGEST_ID, NOT_WHOLE, load_default=None)


class CorrectionForm(Form):
    """Without a version, as `AttemptForm`."""

    outcome = fields.String(validate=one_of(Outcome), **asked("Say how the call went."))


class PlaceForm(Form):
    """Without a version, as `AttemptForm`: a customer waits for this call."""


class AskForm(Versioned):
    list = fields.String(validate=one_of(TaskList), **asked("Choose who is asked."))
    words = Line(LONGEST_WORDS, **asked("Say in a few words what is needed."))


class TaskForm(Form):
    back = Line(20, load_default="")


class ChangeForm(Versioned):
    always = frozenset({"note"})

    owner = WholeNumber(1, LARGEST_ID, "Choose somebody who works at this site.", load_default=None)
    severity = fields.String(validate=one_of(Severity), load_default=None)
    note = Line(LONGEST_NOTE, load_default="")


class CloseForm(Versioned):
    cause = Line(500, **asked("Say in a few words why it happened."))
    action = Line(500, load_default=None)


class ResolveForm(Versioned):
    how = Line(500, load_default=None)


class HabitsForm(Form):
    """Of a simulated phone."""

    number = Line(60, **asked("Hold a phone first."))
    fate = fields.String(validate=one_of(Fate), **asked("Choose what happens to the texts."))
    seconds = WholeNumber(0, 3600, "Write whole seconds, up to 3600.", load_default=1)
    code = Line(5, load_default="")
    other_code = Line(5, load_default="")
    receipts = fields.String(validate=one_of(ReceiptOrder), load_default=ReceiptOrder.IN_ORDER.value)
    answers_stop = fields.Boolean(load_default=False)
    opted_out = fields.Boolean(load_default=False)


class DecisionForm(Form):
    amount = Line(load_default=None)
    reason = Line(500, load_default="")


def typed(*, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What stands in the form, to be shown again. `kept` as for `loaded`."""
    ours = {name for name in request.form if name in OF_EVERY_FORM or name.startswith(WAS)}
    values: dict[str, Any] = {name: request.form[name] for name in request.form if name not in ours}
    values |= {name: request.form.getlist(name) for name in MANY & values.keys()}
    return values | _left_alone(values, kept or {})


def loaded(form: type[Form], *, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Empty fields are as good as missing, but for those that a form `always` has. Raises Invalid with a sentence for
    each field.

    `kept`, where the page says what it was made from, is what stands now: a page that was open for a while takes back
    nothing that somebody else has changed since.
    """
    if lost := form.always - request.form.keys():
        raise Invalid(NOT_WHOLE, {name: [NOT_WHOLE] for name in sorted(lost)})
    values = typed(kept=kept)
    _refuse_both(values, kept or {})
    filled = {name: value for name, value in values.items() if not isinstance(value, str) or value.strip()}
    try:
        return dict(form().load(filled))
    except ValidationError as error:
        errors = {name: [_first(sentences)] for name, sentences in cast("dict[str, Any]", error.messages).items()}
        raise Invalid(next(iter(errors.values()))[0], errors) from None


def _left_alone(values: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """What was not touched on the page is as it stands now."""
    same = [name for name in values.keys() & kept.keys() if _spelt(values[name]) == request.form.get(f"{WAS}{name}")]
    return {name: kept[name] if name in MANY else _spelt(kept[name]) for name in same}


def _refuse_both(values: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    """What somebody else changed as well, and otherwise."""
    errors: dict[str, list[str]] = {}
    for name in values.keys() & kept.keys():
        before, theirs = request.form.get(f"{WAS}{name}"), _spelt(kept[name])
        if before is not None and theirs not in {before, _spelt(values[name])}:
            errors[name] = [MEANWHILE.format(theirs=f"it is “{theirs}” now" if theirs else "it is empty now")]
    if errors:
        raise Invalid(next(iter(errors.values()))[0], errors)


def _spelt(value: Any) -> str:
    """As the page writes what it was made from."""
    return " ".join(sorted(filter(None, value))) if isinstance(value, list) else "" if value is None else str(value)


def _first(sentences: Any) -> str:
    while isinstance(sentences, dict | list):
        sentences = next(iter(sentences.values() if isinstance(sentences, dict) else sentences))
    return str(sentences)
