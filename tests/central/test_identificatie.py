"""Check digits; every number here is invented or worked out in facts vsb.md §7."""

from __future__ import annotations

import pytest

from gateway.central.identificatie import geldig_iban, geldig_insz, geldig_kbo, riziv_modulus


@pytest.mark.parametrize(
    ("insz", "geldig"),
    [
        ("93051822361", True),
        ("93051822362", False),
        ("00012556777", True),
        ("98472899765", True),
        ("01490700185", True),
        ("93131822300", False),
        ("9305182236", False),
        ("93.05.18-223.61", False),
        ("٩٣٠٥١٨٢٢٣٦١", False),
        ("00000000000", False),
        ("", False),
    ],
)
def test_insz_and_bis_numbers(insz: str, geldig: bool) -> None:
    assert geldig_insz(insz) is geldig


@pytest.mark.parametrize(
    ("riziv", "modulus"),
    [
        ("71012314", 97),
        ("71012308", 89),
        ("93000135000", 97),
        ("93000149000", 89),
        ("93000114000", 83),
        ("93000166000", 79),
        ("71012315", None),
        ("710123140", None),
        ("7101231²", None),
        ("", None),
    ],
)
def test_riziv_numbers_tell_their_modulus(riziv: str, modulus: int | None) -> None:
    assert riziv_modulus(riziv) == modulus


@pytest.mark.parametrize(
    ("kbo", "geldig"), [("0566988259", True), ("0475581694", True), ("0566988258", False), ("BE0566988259", False)]
)
def test_enterprise_numbers(kbo: str, geldig: bool) -> None:
    assert geldig_kbo(kbo) is geldig


@pytest.mark.parametrize(
    ("nummer", "geldig"),
    [
        ("BE15100900111130", True),
        ("BE68539007547034", True),
        ("BE15100900111131", False),
        ("BE15 1009 0011 1130", False),
        ("NL91ABNA0417164300", False),
    ],
)
def test_belgian_account_numbers(nummer: str, geldig: bool) -> None:
    assert geldig_iban(nummer) is geldig
