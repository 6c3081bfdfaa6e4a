"""What the content validation of a zending comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.berichten.factuur import Factuur, Lijn
from gateway.central.dagen import Sleutel, is_credit, sleutels
from gateway.central.model import Factuurfout, Uitkomst


@dataclass(frozen=True, kw_only=True)
class Zendingresultaat:
    """The result of the content validation of a zending."""

    label: str
    """INHOUD-AANVAARD, INHOUD-920098 or INHOUD-920099."""
    uitkomst: Uitkomst
    fouten: tuple[Factuurfout, ...]
    gevraagd: int
    aanvaard: int
    geweigerd: int
    foutpercentage: float
    aanvaard_per_lijn: Sequence[tuple[Factuur, Lijn]]
    """What this zending now claims, or gives back where it is a credit note."""
    geweigerd_per_lijn: Sequence[tuple[Factuur, Lijn]]
    """What is refused while the zending is not."""
    gecontroleerd: tuple[str, ...]

    @property
    def aanvaarde_dagen(self) -> tuple[Sleutel, ...]:
        """What this zending now claims."""
        return tuple(s for f, x in self.aanvaard_per_lijn if not is_credit(f) for s in sleutels(f, x))

    @property
    def gecrediteerde_dagen(self) -> tuple[Sleutel, ...]:
        """What a credit note in this zending gives back."""
        return tuple(s for f, x in self.aanvaard_per_lijn if is_credit(f) for s in sleutels(f, x))
