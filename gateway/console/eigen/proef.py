"""Paste a message, or upload one, and see what the checks say. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from gateway.berichten.markeren import plaats_in
from gateway.console.bericht.inhoud import Inhoud, plat
from gateway.console.bericht.stuk import in_het_kort
from gateway.console.bericht.weergave import fouten_per_plaats, toon
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vraag import Vraag
from gateway.diensten.opmerkingen import Opmerking
from gateway.diensten.proef_inzage import proefnummer
from gateway.diensten.proef_scherm import MAX_OCTETS, Proefuitslag, probeer

schermen = Schermen()
_MEEST = 200
"""Remarks on one page."""


@schermen.get("/proef", Recht.PROEF_DOEN, menu=Menu(titel="Bericht proberen", volgorde=20, toets="p"))
def formulier(vraag: Vraag) -> Response:
    return vraag.toon("eigen/proef.html", uitslag=None, tekst="", fout="")


@schermen.post("/proef", Recht.PROEF_DOEN, grootste=MAX_OCTETS + 1024 * 1024)
def doe(vraag: Vraag) -> Response:
    bestand = vraag.bestand("bestand")
    # Browsers send line ends as CR LF; a message that was signed has LF, which is what an XML parser reads either way.
    ruw = bestand.file.read(MAX_OCTETS + 1) if bestand is not None else vraag.veld("bericht").encode()
    tekst = "" if bestand is not None else vraag.veld("bericht")
    if bestand is not None and vraag.veld("bericht").strip():
        fout = vraag.t("U plakte een bericht en koos een bestand: kies één van beide.")
        return vraag.toon("eigen/proef.html", 422, uitslag=None, tekst=vraag.veld("bericht"), fout=fout)
    if not ruw.strip():
        return vraag.toon("eigen/proef.html", 422, uitslag=None, tekst="", fout=vraag.t("Plak een bericht of kies een bestand."))
    vraag.gateway.proef_limit.take(vraag.persoon.account, vraag.nu.timestamp())
    if vraag.persoon.voorzieningen:
        # What the checks answer tells about a person, as asking does.
        vraag.inzage(f"proef:{proefnummer(vraag.nu)}", "controles")
    uitslag = probeer(vraag.gateway, ruw, vraag.persoon.voorzieningen, vraag.nu)
    return vraag.toon(
        "eigen/proef.html",
        uitslag=uitslag,
        inhoud=_inhoud(uitslag, uitslag.opmerkingen[:_MEEST]),
        opmerkingen=uitslag.opmerkingen[:_MEEST],
        meer=max(0, len(uitslag.opmerkingen) - _MEEST),
        tekst=tekst,
        fout="",
    )


def _inhoud(uitslag: Proefuitslag, getoond: Sequence[Opmerking]) -> Inhoud | None:
    """The message as it was given, with the remarks at their places."""
    if uitslag.plat is not None:
        return Inhoud(octetten=len(uitslag.plat), content_type="", **plat(uitslag.plat, in_het_kort(getoond)))
    if (root := uitslag.payload) is None:
        return None
    geplaatst = [replace(o, plaats=plaats_in(root, o.plaats, o.regel)) for o in getoond]
    # What has no place in it is told in the list alone.
    fouten = fouten_per_plaats(in_het_kort([o for o in geplaatst if o.plaats is not None]))
    return Inhoud(octetten=0, content_type="", bericht=toon(root, fouten))
