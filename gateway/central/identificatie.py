"""Check digits of identifiers (facts vsb.md §7)."""

from __future__ import annotations

import re

from stdnum import iban
from stdnum.be import bis, nn, vat

RIZIV_MODULI = (97, 89, 83, 79)
"""97 is the classical one, 89 came with RIZIV note I 2012/26 (facts vsb.md §7.2)."""

_ELEVEN = re.compile(r"[0-9]{11}")
_TEN = re.compile(r"[0-9]{10}")
_BELGIAN_IBAN = re.compile(r"BE[0-9]{14}")


def geldig_insz(insz: str) -> bool:
    """Whether this is a national or bis number of 11 digits with the right check digits (facts vsb.md §7.1)."""
    return bool(_ELEVEN.fullmatch(insz)) and bool(nn.is_valid(insz) or bis.is_valid(insz))


def riziv_modulus(riziv: str) -> int | None:
    """The modulus with which the check digits of an 8- or 11-digit RIZIV number fit, or None."""
    if len(riziv) not in (8, 11) or not (riziv.isascii() and riziv.isdigit()):
        return None
    six, check = int(riziv[:6]), int(riziv[6:8])
    return next((m for m in RIZIV_MODULI if m - six % m == check), None)


def geldig_kbo(kbo: str) -> bool:
    return bool(_TEN.fullmatch(kbo)) and bool(vat.is_valid(kbo))


def geldig_iban(nummer: str) -> bool:
    """Whether this is a Belgian IBAN, written without spaces; not whether the bank still exists (facts vsb.md §7.4)."""
    if not _BELGIAN_IBAN.fullmatch(nummer) or not iban.is_valid(nummer, check_country=False):
        return False
    return (int(nummer[4:14]) % 97 or 97) == int(nummer[14:])
