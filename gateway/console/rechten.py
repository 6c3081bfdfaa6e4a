"""Who may do what in the console: the one page of policy. Every screen names one right; a role is a set of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Rol(StrEnum):
    """Roles of people; a session has exactly one, and with it what it is bound to."""

    OPERATOR = "operator"
    """Runs the central application; sees every message."""
    BEHEERDER = "beheerder"
    """Keeps the register and the reference data; sees no message."""
    ZORGKAS = "zorgkas"
    """Works at one zorgkas; sees what concerns its members."""
    VOORZIENING = "voorziening"
    """Works at a facility; sees what it sent, or what was sent for it."""
    LEVERANCIER = "leverancier"
    """Makes attested software; sees what its packages sent."""
    CONTROLEUR = "controleur"
    """Zorgkassencommissie: samples afterwards, changes nothing."""


class Recht(StrEnum):
    """Rights; a screen that shows persons' data also asks for a purpose (inzage)."""

    AANGEMELD = "aangemeld"
    """What everyone who logged in may: the way in, out, and the choice of role, language and purpose."""
    OVERZICHT_ZIEN = "overzicht.zien"
    BERICHTEN_ZIEN = "berichten.zien"
    BERICHT_INHOUD = "bericht.inhoud"
    PERSOON_ZOEKEN = "persoon.zoeken"
    LEVERING_OPNIEUW = "levering.opnieuw"
    LEVERING_OPGEVEN = "levering.opgeven"
    LIJN_PAUZEREN = "lijn.pauzeren"
    LIJN_OMLEIDEN = "lijn.omleiden"
    ATTEST_SCHORSEN = "attest.schorsen"
    MANDAAT_BEEINDIGEN = "mandaat.beeindigen"
    AUDIT_ZIEN = "audit.zien"
    REGISTER_ZIEN = "register.zien"
    REGISTER_WIJZIGEN = "register.wijzigen"
    REFERENTIE_LADEN = "referentie.laden"
    REGELS_ZIEN = "regels.zien"
    BERAAD_ZIEN = "beraad.zien"
    BERAAD_BESLISSEN = "beraad.beslissen"
    DOSSIER_ZIEN = "dossier.zien"
    FACTUUR_WEIGEREN = "factuur.weigeren"
    AFREKENING_ZIEN = "afrekening.zien"
    EIGEN_ZIEN = "eigen.zien"
    """A facility's or vendor's own messages, refusals, reports and attestation."""
    EIGEN_PERSOON_ZOEKEN = "eigen.persoon_zoeken"
    """A facility's own messages about one person."""
    EIGEN_INHOUD = "eigen.inhoud"
    """The octets of a facility's own messages and of their answers."""
    PROEF_DOEN = "proef.doen"
    STEEKPROEF_TREKKEN = "steekproef.trekken"
    ZAAK_UITVOEREN = "zaak.uitvoeren"
    RAPPORTEN_ZIEN = "rapporten.zien"


_IEDEREEN = frozenset({Recht.AANGEMELD})
RECHTEN: Mapping[Rol, frozenset[Recht]] = MappingProxyType(
    {
        Rol.OPERATOR: _IEDEREEN
        | {
            Recht.OVERZICHT_ZIEN,
            Recht.BERICHTEN_ZIEN,
            Recht.BERICHT_INHOUD,
            Recht.PERSOON_ZOEKEN,
            Recht.LEVERING_OPNIEUW,
            Recht.LEVERING_OPGEVEN,
            Recht.LIJN_PAUZEREN,
            Recht.LIJN_OMLEIDEN,
            Recht.ATTEST_SCHORSEN,
            Recht.MANDAAT_BEEINDIGEN,
            Recht.AUDIT_ZIEN,
            Recht.REGISTER_ZIEN,
            Recht.REGELS_ZIEN,
            Recht.RAPPORTEN_ZIEN,
        },
        Rol.BEHEERDER: _IEDEREEN
        | {
            Recht.ATTEST_SCHORSEN,
            Recht.MANDAAT_BEEINDIGEN,
            Recht.AUDIT_ZIEN,
            Recht.REGISTER_ZIEN,
            Recht.REGISTER_WIJZIGEN,
            Recht.REFERENTIE_LADEN,
            Recht.REGELS_ZIEN,
            Recht.RAPPORTEN_ZIEN,
        },
        Rol.ZORGKAS: _IEDEREEN
        | {
            Recht.BERAAD_ZIEN,
            Recht.BERAAD_BESLISSEN,
            Recht.DOSSIER_ZIEN,
            Recht.FACTUUR_WEIGEREN,
            Recht.AFREKENING_ZIEN,
            Recht.REGELS_ZIEN,
            Recht.RAPPORTEN_ZIEN,
        },
        Rol.VOORZIENING: _IEDEREEN
        | {
            Recht.EIGEN_ZIEN,
            Recht.EIGEN_PERSOON_ZOEKEN,
            Recht.EIGEN_INHOUD,
            Recht.PROEF_DOEN,
            Recht.REGELS_ZIEN,
            Recht.RAPPORTEN_ZIEN,
        },
        Rol.LEVERANCIER: _IEDEREEN | {Recht.EIGEN_ZIEN, Recht.PROEF_DOEN, Recht.REGELS_ZIEN},
        Rol.CONTROLEUR: _IEDEREEN
        | {
            Recht.STEEKPROEF_TREKKEN,
            Recht.ZAAK_UITVOEREN,
            Recht.DOSSIER_ZIEN,
            Recht.REGELS_ZIEN,
            Recht.RAPPORTEN_ZIEN,
        },
    }
)


class OngeldigePersoon(Exception):
    """A role without what it must be bound to, or bound to something that cannot be."""


@dataclass(frozen=True, kw_only=True)
class Persoon:
    """Somebody who logged in, in one role."""

    account: str
    """account:<name> or oidc:<subject>@<issuer's host>; stands in the audit chain."""
    naam: str
    rol: Rol
    zorgkas: str | None = None
    """Code, of role zorgkas."""
    voorzieningen: tuple[str, ...] = ()
    """RIZIV numbers of role voorziening: 8 digits stand for every qualification of the organisation, 11 for one."""
    attesten: tuple[str, ...] = ()
    """Attest numbers of role leverancier."""

    def __post_init__(self) -> None:
        """A role that is bound to something says to what.

        Raises:
            OngeldigePersoon: it does not.
        """
        nodig = {Rol.ZORGKAS: self.zorgkas, Rol.VOORZIENING: self.voorzieningen, Rol.LEVERANCIER: self.attesten}
        if not nodig.get(self.rol, True):
            raise OngeldigePersoon(f"rol {self.rol.value} van {self.account} is aan niets gebonden")
        if self.zorgkas is not None and not (len(self.zorgkas) == 3 and self.zorgkas.isdecimal()):
            raise OngeldigePersoon(f"geen code van een zorgkas bij {self.account}")
        if any(len(v) not in (8, 11) or not v.isdecimal() for v in self.voorzieningen):
            raise OngeldigePersoon(f"geen RIZIV-nummer bij {self.account}")

    def mag(self, recht: Recht) -> bool:
        return recht in RECHTEN[self.rol]

    @property
    def actor(self) -> str:
        """How the audit chain and a message's life name this person."""
        return f"{self.account} ({self.rol.value})"[:128]
