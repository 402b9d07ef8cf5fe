import pytest

from recovery.domain.provider_codes import FaultCategory, fault_for

F = FaultCategory

WHAT_TO_DO = {
    F.RETRY: [20429, 21730],
    F.RETRY_LATER: [21611, 63038, 30001, 30003, 30008, 30022],
    F.STOP_LINE: [20003, 30034, 21606],
    F.PERMANENT_NUMBER: [21211, 21610, 21614, 21635, 21408, 30005, 30006, 63014],
    F.CHANGE_TEXT: [30007],
    F.RESCHEDULE: [30610],
}


@pytest.mark.parametrize(
    ("category", "code"), [(category, code) for category, codes in WHAT_TO_DO.items() for code in codes]
)
def test_each_known_code_says_in_words_what_to_do(category: FaultCategory, code: int) -> None:
    fault = fault_for(code, 400)
    assert (fault.category, fault.code) == (category, code)
    assert fault.words.endswith(".")
    assert fault.advice.endswith(".")
    assert str(code) not in fault.words


def test_an_unknown_refusal_is_permanent_and_keeps_its_code() -> None:
    fault = fault_for(29999, 400)
    assert (fault.category, fault.code) == (F.PERMANENT, 29999)
    assert "29999" in fault.words
    assert fault_for(None, 400).category is F.PERMANENT
    assert fault_for(39999).category is F.PERMANENT


@pytest.mark.parametrize(
    ("http_status", "category"), [(401, F.STOP_LINE), (403, F.STOP_LINE), (404, F.STOP_LINE), (429, F.RETRY)]
)
def test_a_refusal_without_a_code_is_read_by_its_http_status(http_status: int, category: FaultCategory) -> None:
    assert fault_for(None, http_status).category is category
    assert fault_for(http_status, http_status).category is category
