"""One rule on one aanvraag: what a check looks at, and how it says where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from gateway.berichten.aanvraag import Aanvraag, Kennisgeving
from gateway.central.bevinding import Bevinding
from gateway.central.cookbook import Cookbook, Regel
from gateway.central.model import AanvraagContext, Persoon, Verblijf

_WORTEL = "/IndienenRequest/Aanvraag"


@dataclass(frozen=True)
class Geval:
    """A message, all that was gathered to judge it, and the rule that is asked now."""

    aanvraag: Aanvraag
    context: AanvraagContext
    cookbook: Cookbook
    regel: Regel

    @property
    def bericht(self) -> Kennisgeving:
        return self.aanvraag.kennisgeving

    @property
    def persoon(self) -> Persoon | None:
        return self.context.persoon

    @cached_property
    def dossier(self) -> Verblijf | None:
        """The dossier that the message names, if it is this person's at this facility and pillar."""
        gezocht = (self.bericht.dossiernummer, self.aanvraag.voorziening, self.aanvraag.hoofding.pijler)
        return next((v for v in self.context.verblijven if (v.dossiernummer, v.voorziening, v.pijler) == gezocht), None)

    @cached_property
    def dag(self) -> date:
        """The care date: the message's own, else the day that its dossier started, else the day of receipt."""
        if (dag := self.bericht.zorgdatum) is not None:
            return dag
        return self.context.vandaag if self.dossier is None else self.dossier.start

    @property
    def dagveld(self) -> str:
        """Field with the care date."""
        return self.bericht.soort.dag or "Dossiernummer"

    def par(self, naam: str) -> Any:
        """A parameter of the rule; None when it leaves out one that it may."""
        return self.regel.parameters.get(naam)

    def op(self, veld: str, verwacht: str | None = None, gevonden: str | None = None) -> Bevinding:
        """A finding on a field of the message, or on the message itself when the field is absent."""
        pad = f"{self.aanvraag.soort}/{veld}"
        regel = self.aanvraag.regels.get(pad, self.aanvraag.regels.get(self.aanvraag.soort))
        return Bevinding(plaats=f"{_WORTEL}/{pad}", regel=regel, verwacht=verwacht, gevonden=gevonden)

    def op_kop(self, pad: str, verwacht: str | None = None, gevonden: str | None = None) -> Bevinding:
        """A finding outside the message's own element: Voorziening, Gebruiker/Insz."""
        return Bevinding(plaats=f"{_WORTEL}/{pad}", regel=self.aanvraag.regels.get(pad), verwacht=verwacht, gevonden=gevonden)

    def geldt(self) -> bool:
        """Whether the rule's condition holds for this message."""
        return all(_past(self._gevonden(sleutel), waarden) for sleutel, waarden in self.regel.als.items())

    def _gevonden(self, sleutel: str) -> tuple[str, ...]:
        if not sleutel.startswith("dossier."):
            return self.bericht.waarden(sleutel)
        if self.dossier is None:
            return ()
        eigenschap = {"dossier.type": self.dossier.type_verblijf, "dossier.categorie": self.dossier.categorie}[sleutel]
        return () if eigenschap is None else (eigenschap,)


def _past(gevonden: tuple[str, ...], waarden: tuple[str, ...]) -> bool:
    if not gevonden:
        return "" in waarden
    return "*" in waarden or any(w in waarden for w in gevonden)
