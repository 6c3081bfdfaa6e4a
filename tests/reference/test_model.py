"""What an attest covers."""

from datetime import date

import pytest

from gateway.reference.model import Attest


def attest(van: str, tot: str) -> Attest:
    return Attest(
        nummer="X-1",
        leverancier="L",
        product="P",
        versie_van=van,
        versie_tot=tot,
        pijlers=("eibwfin",),
        van=date(2024, 1, 1),
        tot=None,
        geschorst=False,
        licentie_gebruiker=None,
        licentie_hash=None,
    )


@pytest.mark.parametrize("versie", ["1.0", "1", "1.0.0", "01.0", "9.99", "9.99.0", "9.9", "9.10", "5.0.123.4"])
def test_a_version_in_the_attested_range_is_covered(versie: str) -> None:
    assert attest("1.0", "9.99").dekt_versie(versie)


@pytest.mark.parametrize(
    "versie",
    ["0.9", "0", "9.100", "9.99.1", "10.0", "", ".", "1.", "1..2", "-1", "1.0-rc1", "v2.0", "٢.0", "2 .0", "2\n", "9" * 5000],
)
def test_a_version_outside_it_or_of_another_form_is_not(versie: str) -> None:
    assert not attest("1.0", "9.99").dekt_versie(versie)


def test_an_attest_without_a_licence_fits_no_password() -> None:
    assert not attest("1", "2").licentie_klopt("")


def test_the_licence_hash_is_not_in_the_repr() -> None:
    assert "licentie_hash" not in repr(attest("1", "2"))
