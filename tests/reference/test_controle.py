"""Check digits, with the worked examples of facts vsb.md §7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reference.controle import geldig_iban, geldig_insz, geldig_kbo, masker, riziv_modulus, toonbaar


@pytest.mark.parametrize("insz", ["93051822361", "00012556777", "98472899765", "01490700185"])
def test_national_and_bis_numbers_with_the_right_check_are_valid(insz: str) -> None:
    assert geldig_insz(insz)


@pytest.mark.parametrize(
    "insz", ["93051822362", "00012556700", "9305182236", "93.05.18-223.61", "", "00000000000", "٩3051822361"]
)
def test_other_numbers_are_not(insz: str) -> None:
    assert not geldig_insz(insz)


@pytest.mark.parametrize(("nummer", "modulus"), [("71012314", 97), ("71012308", 89), ("93000135", 97), ("93000149000", 89)])
def test_a_riziv_number_says_which_modulus_it_follows(nummer: str, modulus: int) -> None:
    assert riziv_modulus(nummer) == modulus


@pytest.mark.parametrize("nummer", ["71012315", "710123", "71012314xyz", "", "7101231400", "²1012314"])
def test_a_riziv_number_that_follows_none_has_none(nummer: str) -> None:
    assert riziv_modulus(nummer) is None


def test_enterprise_numbers_and_belgian_ibans_are_checked() -> None:
    assert geldig_kbo("0566988259")
    assert geldig_kbo("0475581694")
    assert not geldig_kbo("0475581695")
    assert not geldig_kbo("0475.581.694")
    assert geldig_iban("BE15100900111130")
    assert not geldig_iban("BE15 1009 0011 1130")
    assert not geldig_iban("BE15100900111131")


@given(st.from_regex(r"[0-9]{11}", fullmatch=True), st.text(st.characters(exclude_categories=["Nd"]), max_size=20))
def test_no_text_shows_the_number_in_it(insz: str, rest: str) -> None:
    assert insz not in toonbaar(rest + insz + rest)
    assert insz not in toonbaar(insz, insz=True)
    assert insz not in masker(insz)


def test_a_wrong_riziv_number_is_shown_where_one_belongs() -> None:
    assert toonbaar("72090104000", riziv=True) == "72090104000"
    assert toonbaar("72090104000") == "72*******00"
    assert toonbaar("93051822361", riziv=True) == "93*******61"


def test_what_is_shown_is_short_and_printable() -> None:
    assert toonbaar("a\x1b[31m\x00b") == "a�[31m�b"
    assert len(toonbaar("x" * 1000)) == 60
