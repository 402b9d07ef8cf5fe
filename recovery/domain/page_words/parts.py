"""What the customer's page says: each language fills all of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from recovery.domain.callbacks import Outcome
from recovery.domain.remedies import RemedyStatus


@dataclass(frozen=True, slots=True)
class CustomerWords:
    hello: str
    hello_nobody: str
    nothing_to_do: str
    hope_right: str
    thank_you: str
    sorry: str
    sorry_since: str
    texted_by_mistake: str
    our_team: str

    heard_by: str
    """Stands before the large clock, as all of these six; `las` is the article of the hour."""
    waiting_by: str
    asked_by: str
    ready_by: str
    granted_by: str
    looking_by: str
    call_at: str
    call_soonest_by: str
    we_are_late: str
    on_phone: str
    if_anything_changes: str
    page_says: str

    goes_on: str
    """Leads from what is over to what was opened for it since."""
    told_us: str
    saw_it: str
    spoke: str
    outcomes: Mapping[Outcome, str]
    wrote: str
    said_not_right: str
    put_right: str
    said_right: str
    agreed: str
    done: str
    next_call: str
    next_word: str
    next_answer: str
    soon: str
    last_step: str
    states: Mapping[RemedyStatus, str]

    today: str
    tomorrow: str
    clock_tomorrow: str
    zone: str

    call_missed: str
    call_about_to: str
    call_when: str
    booked: str
    soonest: str
    stays: str
    """These two: another time was wanted, and somebody else has it now."""
    into_calendar: str
    call_from: str
    """What the call is named in a calendar."""
    said: Mapping[str, str]
    """By what the address says was done."""

    our_promise: str
    right_now: str
    yes_right: str
    how_well: str
    badly: str
    very_well: str
    rated: str
    rated_low: str
    steps: str
    remedies: str
    your_call: str
    other_time: str
    when_free: str
    cancel_call: str
    or_choose: str
    another_time: str
    day_and_time: str
    call_then: str
    acts: str
    call_me: str
    when_to_call: str
    or_soonest: str
    we_call: str
    no_number: str
    still_not_right: str
    what_is_wrong: str
    tell_person: str
    tell_us: str
    write_person: str
    write_us: str
    your_message: str
    send: str
    language: str

    write_first: str
    too_long: str
    too_often: str
    not_taken: str
    troubles: Mapping[int, str]
    """By HTTP status: what no view of theirs ever sees."""
    did_not_work: str
    one_moment: str
    one_moment_please: str
    send_again: str
    back: str
    gone: str
    gone_why: str
    gone_how: str
