"""Looking at a person's data: for a stated purpose, and on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection

from gateway.console.rechten import Rol
from gateway.console.sessies import Sessie
from gateway.observe.audit_events import Gebeurtenis
from gateway.observe.logs import pseudonym
from gateway.store.audit import Waarde, noteer

MAX_VERWIJZING = 64


class Doel(Enum):
    """Why somebody looks at persons' data (GDPR art. 5(1)(b), purpose limitation); the name stands in the audit chain."""

    VRAAG = "een vraag of klacht behandelen"
    LEVERING = "een levering of weigering opvolgen"
    INCIDENT = "een incident of fout onderzoeken"
    BESLISSING = "een beslissing nemen of herzien"
    AFREKENING = "een factuur of afrekening nagaan"
    CONTROLE = "controle achteraf"
    EIGEN_BERICHT = "eigen berichten opvolgen"
    GEGEVENS = "referentiegegevens bijwerken"

    @property
    def sleutel(self) -> str:
        return self.name.lower()


_DOELEN: Mapping[Rol, tuple[Doel, ...]] = {
    Rol.OPERATOR: (Doel.LEVERING, Doel.VRAAG, Doel.INCIDENT),
    Rol.BEHEERDER: (Doel.GEGEVENS, Doel.VRAAG, Doel.INCIDENT),
    Rol.ZORGKAS: (Doel.BESLISSING, Doel.AFREKENING, Doel.VRAAG),
    Rol.VOORZIENING: (Doel.EIGEN_BERICHT, Doel.VRAAG),
    Rol.LEVERANCIER: (Doel.INCIDENT, Doel.VRAAG),
    Rol.CONTROLEUR: (Doel.CONTROLE,),
}


class DoelNodig(Exception):
    """Persons' data would be shown and no purpose was stated in this session."""


def doelen(rol: Rol) -> tuple[Doel, ...]:
    """The purposes that a role can have."""
    return _DOELEN[rol]


def doel_van(rol: Rol, sleutel: str) -> Doel | None:
    return next((d for d in _DOELEN[rol] if d.sleutel == sleutel), None)


def van_persoon(insz: str, log_key: str | None) -> str:
    """How the audit chain names a person: the log's pseudonym, or nobody when there is no key."""
    return "persoon" if log_key is None else f"persoon:{pseudonym(insz, log_key)}"


def noteer_geweigerd(conn: Connection, sessie: Sessie, onderwerp: str, nu: datetime) -> None:
    """Write in the audit chain that somebody asked for what is not there or somebody else's.

    Args:
        onderwerp: the address that was asked for, below that of the screens or of the API.
    """
    noteer(conn, Gebeurtenis.INZAGE_GEWEIGERD, actor=sessie.persoon.actor, onderwerp=onderwerp, gegevens={}, tijdstip=nu)


def noteer_inzage(
    conn: Connection,
    sessie: Sessie,
    onderwerp: str,
    wat: str,
    gebeurtenis: Gebeurtenis,
    gegevens: Mapping[str, Waarde],
    nu: datetime,
) -> None:
    """Write a look in the audit chain.

    Raises:
        DoelNodig: no purpose was stated, or one that this role cannot have.
    """
    if sessie.doel is None or doel_van(sessie.persoon.rol, sessie.doel) is None:
        raise DoelNodig
    alles: dict[str, Waarde] = {"wat": wat, "doel": sessie.doel, "verwijzing": sessie.doel_verwijzing, **gegevens}
    noteer(conn, gebeurtenis, actor=sessie.persoon.actor, onderwerp=onderwerp, gegevens=alles, tijdstip=nu)
