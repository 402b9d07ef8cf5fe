import re

import pytest

from recovery.domain.provider_codes import KNOWN, Fault, FaultCategory, fault_for, fault_of

F = FaultCategory

WHAT_TO_DO = {
    F.RETRY: [20429, 21730],
    F.RETRY_LATER: [21611, 63038],
    F.FEW_RETRIES: [30001, 30003, 30008, 30022],
    F.STOP_LINE: [20003, 30034, 21606, 30002, 30032, 30035],
    F.PERMANENT_NUMBER: [21211, 21610, 21614, 21635, 21408, 30004, 30005, 30006, 63014],
    F.CHANGE_TEXT: [30007],
    F.RESCHEDULE: [30610],
    F.PERMANENT: [30009, 30010],
}
LONGEST_SENTENCE = 130
"""Letters: it stands under a bubble on a phone."""


@pytest.mark.parametrize(
    ("category", "code"), [(category, code) for category, codes in WHAT_TO_DO.items() for code in codes]
)
def test_a_code_is_treated_as_what_it_means(category: FaultCategory, code: int) -> None:
    fault = fault_for(code, 400)
    assert (fault.category, fault.code) == (category, code)


@pytest.mark.parametrize("fault", KNOWN, ids=lambda fault: str(fault.code))
def test_each_known_code_says_what_happened_and_what_to_do(fault: Fault) -> None:
    for sentence in (fault.words, fault.advice):
        assert re.fullmatch(r"[A-Z][^\n]*\.", sentence)
        assert len(sentence) <= LONGEST_SENTENCE
        assert not re.search(r"\d{5}", sentence), "no code stands among the words"
    assert fault.words != fault.advice
    assert fault.is_known


def test_there_are_words_for_what_is_met_in_practice() -> None:
    codes = {fault.code for fault in KNOWN}
    assert codes >= {*range(30001, 30013), 30017, 30018, 30019, 30022, 30023, 30024, 30032, 30033, 30034, 30035, 30036}
    assert codes >= {21211, 21408, *range(21602, 21615), 21617, 21635} - {21613}
    assert codes >= {63003, 63013, 63014, 63016, 63018, 63024, 63038}
    assert len(codes) == len(KNOWN)


def test_a_landline_says_that_one_has_to_call() -> None:
    for code in (30006, 21635):
        assert "landline" in fault_for(code).words
        assert fault_for(code).advice.startswith("A landline: call")


def test_an_unknown_refusal_is_permanent_and_keeps_its_code() -> None:
    fault = fault_for(29999, 400)
    assert (fault.category, fault.code) == (F.PERMANENT, 29999)
    assert "29999" in fault.words
    assert not fault.is_known
    assert fault_for(None, 400).category is F.PERMANENT
    assert fault_for(39999).category is F.PERMANENT


def test_what_was_written_down_about_an_unknown_code_is_not_lost() -> None:
    assert fault_of("29999", "It was refused (code 29999). Some new rule.").words.endswith("Some new rule.")
    assert fault_of("30005", "whatever").words == fault_for(30005).words
    assert fault_of("strange", "The provider's own words.").words == "The provider's own words."
    assert fault_of(None).category is F.PERMANENT


@pytest.mark.parametrize(
    ("http_status", "category"), [(401, F.STOP_LINE), (403, F.STOP_LINE), (404, F.STOP_LINE), (429, F.RETRY)]
)
def test_a_refusal_without_a_code_is_read_by_its_http_status(http_status: int, category: FaultCategory) -> None:
    assert fault_for(None, http_status).category is category
    assert fault_for(http_status, http_status).category is category
