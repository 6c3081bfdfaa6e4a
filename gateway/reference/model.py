"""What the reference data says about zorgkassen, facilities and attested software."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256


class Levering(StrEnum):
    """How a zorgkas gets what was routed to it."""

    PULL = "pull"  # it comes and fetches: get, then confirm
    SOAP = "soap"  # the gateway pushes to its endpoint
    MAP = "map"  # the gateway puts files in a folder
    SFTP = "sftp"  # the gateway puts files on a server
    S3 = "s3"  # the gateway puts objects in a bucket


@dataclass(frozen=True, kw_only=True)
class Zorgkas:
    """One of the six (facts vsb.md §3.1)."""

    code: str
    naam: str
    kbo: str
    """Enterprise number, as in the zorgkas's certificate."""
    levering: Levering
    endpoint: str | None
    actief: bool


@dataclass(frozen=True, kw_only=True)
class Voorziening:
    """A facility that may send."""

    riziv: str
    """11 digits; the first 8 are those of its certificate."""
    naam: str
    kwaliteit: str
    """eHealth quality of its certificate, for example NIHII-PROT_ACC."""
    kbo: str | None
    iban: str | None


@dataclass(frozen=True, kw_only=True)
class Erkenning:
    """A facility's recognition for a pillar; both days inside, no end means still running."""

    riziv: str
    pijler: str
    van: date
    tot: date | None

    def dekt(self, dag: date) -> bool:
        return self.van <= dag and (self.tot is None or dag <= self.tot)


class Attestgebrek(StrEnum):
    """Why an attest does not let a message in."""

    ANDERE_PIJLER = "andere_pijler"  # the software was attested, but not for this pillar
    NOG_NIET_GELDIG = "nog_niet_geldig"
    VERLOPEN = "verlopen"
    GESCHORST = "geschorst"  # withdrawn for now by who attested it


@dataclass(frozen=True, kw_only=True)
class Attest:
    """The attestation of a software package (facts vsb.md §2.1)."""

    nummer: str
    leverancier: str
    product: str
    versie_van: str
    """Lowest and highest version it covers, both inside."""
    versie_tot: str
    pijlers: tuple[str, ...]
    van: date
    tot: date | None
    geschorst: bool
    licentie_gebruiker: str | None
    """User name of the package licence in a GenericAsync CommonInput (facts ehealth.md §3)."""
    licentie_hash: str | None = field(repr=False)
    """SHA-256 of the licence password, hex."""

    def dekt_versie(self, versie: str) -> bool:
        """Whether a dotted numeric version lies in the attested range; `9.9` comes before `9.10`, and `1` equals `1.0`."""
        try:
            gevraagd = versie_getallen(versie)
        except ValueError:
            return False
        return versie_getallen(self.versie_van) <= gevraagd <= versie_getallen(self.versie_tot)

    def geldig(self, pijler: str, dag: date) -> Attestgebrek | None:
        """None when this attest holds for the pillar on that day, else what is wrong with it."""
        if self.geschorst:
            return Attestgebrek.GESCHORST
        if dag < self.van:
            return Attestgebrek.NOG_NIET_GELDIG
        if self.tot is not None and dag > self.tot:
            return Attestgebrek.VERLOPEN
        return None if pijler in self.pijlers else Attestgebrek.ANDERE_PIJLER

    def licentie_klopt(self, wachtwoord: str) -> bool:
        """Whether this is the licence's password, compared in constant time."""
        gegeven = sha256(wachtwoord.encode()).hexdigest()
        return self.licentie_hash is not None and hmac.compare_digest(gegeven, self.licentie_hash)


def versie_getallen(versie: str) -> tuple[int, ...]:
    """The numbers of a dotted version, without zeros at the end, so that `1` equals `1.0`.

    Raises:
        ValueError: it is not numbers and points.
    """
    delen = versie.split(".")
    # int() would also take other scripts' digits, and a very long one costs quadratic time.
    if not all(d.isascii() and d.isdigit() and len(d) <= 9 for d in delen):
        raise ValueError(f"not a version of numbers and points: {versie[:40]!r}")
    getallen = [int(d) for d in delen]
    while getallen and getallen[-1] == 0:
        getallen.pop()
    return tuple(getallen)
