"""What may be shown of a value that failed a check."""

from __future__ import annotations

import re

from gateway.central.identificatie import RIZIV_MODULI, geldig_iban, geldig_insz, geldig_kbo, riziv_modulus

__all__ = [
    "RIZIV_MODULI",
    "geldig_iban",
    "geldig_insz",
    "geldig_kbo",
    "gemaskeerd",
    "masker",
    "riziv_modulus",
    "toonbaar",
]

# A national number as people write it: 85.07.30-033.28, or without the signs.
_LOOKS_LIKE_INSZ = re.compile(r"(?<!\d)\d{2}\.? ?\d{2}\.? ?\d{2}[- ]?\d{3}[. ]?\d{2}(?!\d)")
_LONGEST_SHOWN = 60


def masker(insz: str) -> str:
    """First two and last two digits; enough to find the row, too little to know the person."""
    open_ = len(insz) >= 8 and insz.isascii() and insz.isprintable()
    return f"{insz[:2]}{'*' * (len(insz) - 4)}{insz[-2:]}" if open_ else "*" * len(insz)


def gemaskeerd(tekst: str) -> str:
    """Printable, and with every number in the shape of an INSZ masked."""
    veilig = _LOOKS_LIKE_INSZ.sub(lambda m: masker(m.group()), tekst)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in veilig)


def toonbaar(waarde: str, *, insz: bool = False, riziv: bool = False) -> str:
    """What a finding may show of a value: short, printable, and with every INSZ in it masked.

    `insz` and `riziv` say that such a number was expected there. In any other column a number of that shape is masked
    too: a shifted column puts an INSZ where nobody looks for one.
    """
    if insz:
        waarde = masker(waarde)
    elif not (riziv and re.fullmatch(r"[0-9]{11}", waarde) and not geldig_insz(waarde)):
        waarde = gemaskeerd(waarde)
    return waarde if len(waarde) <= _LONGEST_SHOWN else waarde[: _LONGEST_SHOWN - 1] + "…"
