"""The audit chain on screen, newest first: who did what, and who looked at whom for which purpose."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from gateway.central.identificatie import geldig_insz
from gateway.console.inzage import van_persoon
from gateway.console.operator import herkennen
from gateway.console.rechten import Recht
from gateway.console.schermen import Menu, Schermen
from gateway.console.vensters import dag_van, middernacht
from gateway.console.vraag import Onverwerkbaar, Vraag
from gateway.observe.audit_events import Gebeurtenis
from gateway.store.audit import Record
from gateway.store.audit_zoeken import Auditvraag, blader

schermen = Schermen()
_VELDEN = ("soort", "actor", "onderwerp", "van", "tot")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@schermen.get("/audit", Recht.AUDIT_ZIEN, menu=Menu(titel="Auditlogboek", volgorde=60, toets="u"))
def lijst(vraag: Vraag) -> Response:
    kern = {k: w for k in _VELDEN if (w := vraag.zoek.get(k, "").strip()[:128])}
    van, tot = dag_van(kern.get("van")), dag_van(kern.get("tot"))
    gezocht = Auditvraag(
        soort=next((g for g in Gebeurtenis if g.value == kern.get("soort")), None),
        actor=kern.get("actor"),
        onderwerp=kern.get("onderwerp"),
        van=None if van is None else middernacht(van),
        tot=None if tot is None else middernacht(tot + timedelta(days=1)),
        voor=int(n) if (n := vraag.zoek.get("voor", "")).isdecimal() and len(n) < 19 else None,
    )
    with vraag.gateway.store.reading() as conn:
        gevonden = blader(conn, gezocht)
    return vraag.toon(
        "operator/audit.html",
        rijen=[(r, datetime.fromisoformat(r.tijdstip), _gegevens(r.gegevens), _weg(vraag, r)) for r in gevonden.rijen],
        woorden={g.value: g.woorden for g in Gebeurtenis},
        w={n: kern.get(n, "") for n in _VELDEN},
        soorten=[("", "alle"), *((g.value, g.woorden) for g in Gebeurtenis)],
        volgende=None if gevonden.volgende is None else f"?{urlencode({**kern, 'voor': gevonden.volgende})}",
    )


@schermen.post("/audit/zoek", Recht.AUDIT_ZIEN)
def zoek(vraag: Vraag) -> Response:
    """Go to the list; what is typed comes by POST, because it may be an INSZ, which the chain knows by its pseudonym only."""
    kern = {k: w for k in _VELDEN if (w := herkennen.schoon(vraag.veld(k))[:128])}
    with vraag.gateway.store.reading() as conn:
        inszen = {k: insz for k in ("actor", "onderwerp") if (insz := herkennen.lijkt_insz(conn, kern.get(k, ""))) is not None}
    for veld, insz in inszen.items():
        if veld == "actor" or not geldig_insz(insz) or not vraag.mag(Recht.PERSOON_ZOEKEN):
            raise Onverwerkbaar(vraag.t("Dit lijkt een INSZ, en daarop wordt hier niet gezocht."))
        kern[veld] = van_persoon(insz, vraag.gateway.settings.pseudonym_key())
    return RedirectResponse(f"/console/audit?{urlencode(kern)}", status_code=303)


def _weg(vraag: Vraag, record: Record) -> str | None:
    """The screen of what a record is about, when this person may see it."""
    soort, _, nummer = record.onderwerp.rpartition(":")
    match soort:
        case "bericht" if vraag.mag(Recht.BERICHTEN_ZIEN):
            return f"/console/berichten/{nummer}" if _ID.fullmatch(nummer) else None
        case "" if vraag.mag(Recht.BERICHTEN_ZIEN) and _ID.fullmatch(nummer):
            waar = "leveringen" if record.gebeurtenis.startswith("levering_") else "berichten"
            return f"/console/{waar}/{nummer}"
        case "attest" if vraag.mag(Recht.REGISTER_ZIEN):
            return f"/console/register/attest?{urlencode({'nummer': nummer})}"
        case "zorgkas" if vraag.mag(Recht.OVERZICHT_ZIEN) and nummer.isdecimal():
            return f"/console/lijnen/{nummer}"
        case _:
            return None


def _gegevens(tekst: str) -> list[tuple[str, str]]:
    return [
        (naam, ", ".join(waarde) if isinstance(waarde, list) else str(waarde))
        for naam, waarde in json.loads(tekst).items()
        if waarde is not None
    ]
