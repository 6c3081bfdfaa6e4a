"""For each check a case on which a rule made of it must fire, and the nearest one on which it must keep silent.

A maker gets the rule, its cookbook and a kind of message: a pillar that is made of known checks needs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any

from gateway.berichten.aanvraag import Aanvraag, Kennisgeving
from gateway.berichten.soorten import SOORTEN, Soort, Werking
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.model import AanvraagContext, Verblijf
from tests.central.build import RIZIV, VANDAAG, aanvraag, context, gebeurtenis, persoon, verblijf

Geval = tuple[Aanvraag, AanvraagContext]
Paar = tuple[Geval, Geval]
"""On the first the rule fires, on the second it keeps silent."""
Waarden = Mapping[str, Any]

MAKERS: dict[str, Callable[[Zaak], Paar]] = {}
"""Name of a check to what makes its cases."""


@dataclass(frozen=True)
class Zaak:
    """A rule of a pillar, on one kind of message."""

    cookbook: Cookbook
    regel: Regel
    soortnaam: str

    @cached_property
    def soort(self) -> Soort:
        return SOORTEN[self.soortnaam]

    def par(self, naam: str) -> Any:
        return self.regel.parameters.get(naam)

    @cached_property
    def type_(self) -> str:
        """A type of dossier for which the rule's condition holds."""
        veld = self.soort.type
        gekozen = self.regel.als.get("dossier.type") or (self.regel.als.get(veld) if veld else None)
        return gekozen[0] if gekozen and gekozen[0] not in ("", "*") else self.waarde(veld or "TypeVerblijf")

    @cached_property
    def dossier(self) -> Verblijf:
        """The dossier that the message is about, with which nothing is wrong."""
        categorie = self.regel.als.get("dossier.categorie", ("",))[0]
        opent = next(n for n in self.cookbook.soorten if SOORTEN[n].werking is Werking.OPENT)
        return verblijf(
            pijler=self.cookbook.pijler,
            type_verblijf=self.type_,
            categorie=categorie or None,
            gebeurtenissen=(gebeurtenis(opent),),
        )

    @property
    def dag(self) -> date:
        """The care date of a case that does not give another one."""
        return VANDAAG if self.soort.dag is not None else self.dossier.start

    def waarde(self, veld: str) -> str:
        """A value that may stand in a field of this pillar."""
        for regel in self.cookbook.regels:
            if veld in (regel.parameters.get("van"), regel.parameters.get("tot")) and regel.controle != "uren_overlappen":
                return f"{VANDAAG}"
            if regel.parameters.get("veld") != veld:
                continue
            if regel.controle == "code_gekend":
                lijst = self.cookbook.lijsten[regel.parameters["lijst"]]
                return next(code for code, w in lijst.items() if w.geldt(VANDAAG))
            if regel.controle == "waarde_verplicht":
                return str(regel.parameters["waarden"][0])
            if regel.controle in ("in_toekomst", "na_start", "voor_einde", "laattijdig", "gefactureerd_na"):
                return f"{VANDAAG}"
        if veld.endswith("uur"):
            return "10:00"
        return f"{VANDAAG}" if veld.endswith(("atum", "Van", "Vanaf", "Tot", "Datums")) else "waarde"

    def velden(self, **anders: object) -> dict[str, tuple[str, ...]]:
        """Fields of a message on which the rule's condition holds; `__` parts the steps of a path."""
        gevonden: dict[str, object] = {}
        if self.soort.werking is not Werking.OPENT:
            gevonden["Dossiernummer"] = "D1"
        if self.soort.dag is not None:
            gevonden[self.soort.dag] = self.dag
        if self.soort.type is not None:
            gevonden[self.soort.type] = self.type_
        for veld, waarden in self.regel.als.items():
            if not veld.startswith("dossier."):
                gevonden[veld] = None if waarden[0] == "" else self.waarde(veld) if waarden[0] == "*" else waarden[0]
        gevonden |= {pad.replace("__", "/"): w for pad, w in anders.items()}
        return self._in_rijen(
            {pad: tuple(map(str, w if isinstance(w, tuple) else (w,))) for pad, w in gevonden.items() if w not in (None, ())}
        )

    def _in_rijen(self, velden: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        # Fields that stand side by side in one element come as often as each other.
        for regel in self.cookbook.regels:
            if regel.soorten and self.soortnaam not in regel.soorten:
                continue
            if regel.controle == "uren_overlappen":
                dagen, van, tot = (str(regel.parameters[p]) for p in ("dagen", "van", "tot"))
                aantal = max(len(velden.get(v, ())) for v in (dagen, van, tot))
                uren = {dagen: [f"{VANDAAG}"] * aantal, van: [f"{8 + n:02}:00" for n in range(aantal)]}
                uren[tot] = [f"{8 + n:02}:30" for n in range(aantal)]
                velden |= {v: (*velden.get(v, ()), *w[len(velden.get(v, ())) :]) for v, w in uren.items() if aantal}
            if regel.controle == "eens_per_waarde":
                paar = [str(regel.parameters[p]) for p in ("veld", "bij")]
                aantal = max(len(velden.get(v, ())) for v in paar)
                velden |= {v: (*velden.get(v, ()), *("vulling",) * (aantal - len(velden.get(v, ())))) for v in paar if aantal}
        return velden

    def geval(
        self, velden: Waarden | None = None, *, kop: Waarden | None = None, dossier: Waarden | None = None, **omgeving: Any
    ) -> Geval:
        """A message and its context.

        Args:
            velden: fields of the message; None as a value leaves one out.
            kop: what stands outside the kind's element, such as insz.
            dossier: what is different in the dossier.
            omgeving: what is different in the context; `andere` are dossiers beside the message's own.
        """
        bericht = Kennisgeving(soort=self.soort, velden=self.velden(**(velden or {})))
        gemaakt = aanvraag(bericht, **(kop or {}))
        gemaakt = replace(gemaakt, hoofding=replace(gemaakt.hoofding, pijler=self.cookbook.pijler))
        eigen = () if self.soort.werking is Werking.OPENT else (replace(self.dossier, **(dossier or {})),)
        verblijven = omgeving.pop("verblijven", (*eigen, *omgeving.pop("andere", ())))
        return gemaakt, context(verblijven=verblijven, **{"persoon": persoon(), **omgeving})

    def ander(self, **anders: Any) -> Verblijf:
        """Another dossier of the person, of the same pillar, facility and type."""
        return replace(self.dossier, **{"dossiernummer": "D2", "start": date(2026, 1, 5), **anders})


def geval_voor(naam: str) -> Callable[[Callable[[Zaak], Paar]], Callable[[Zaak], Paar]]:
    """Register what makes the cases of a check."""

    def register(maker: Callable[[Zaak], Paar]) -> Callable[[Zaak], Paar]:
        assert naam not in MAKERS, naam
        MAKERS[naam] = maker
        return maker

    return register


def moment(dag: date, uur: int = 10, minuut: int = 0) -> datetime:
    return datetime.combine(dag, time(uur, minuut), UTC)


__all__ = ["MAKERS", "RIZIV", "Geval", "Paar", "Zaak", "geval_voor", "moment"]
