import pytest

from recovery.domain.cells import safe_cell


@pytest.mark.parametrize(
    "typed",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1+1",
        "＝1+1",
        '=HYPERLINK("http://x")',
        "+cmd|' /C'!A0",
    ],
)
def test_what_a_spreadsheet_could_run_is_text(typed: str) -> None:
    assert safe_cell(typed) == f"'{typed}"


@pytest.mark.parametrize("typed", ["Sam", "2-1", "a@b.example", "", "12", "-12", "0.5", "-0.5"])
def test_everything_else_stays_as_it_is(typed: str) -> None:
    assert safe_cell(typed) == typed


def test_a_telephone_number_can_be_read_and_dialled() -> None:
    assert safe_cell("+447700900123") == "+44 7700 900123"
    assert safe_cell("+12125550123") == "+1 212-555-0123"


def test_nothing_is_an_empty_cell_and_numbers_are_numbers() -> None:
    assert (safe_cell(None), safe_cell(7), safe_cell(-7)) == ("", "7", "-7")
