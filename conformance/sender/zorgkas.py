"""What the zorgkas does in a scenario: it decides, settles or reports, in the suite's own hand."""

from __future__ import annotations

import base64
from uuid import uuid4

from conformance.berichten.world import World
from conformance.plan import PlanError
from conformance.sender.task import Play
from conformance.sender.universe import Universe
from conformance.traffic import Wire
from gateway.berichten.names import ZORGKAS


def act(what: str, play: Play, universe: Universe) -> None:
    """Do one of `aanvaardt`, `weigert` (what is held in beraad), `haalt` and `betaalt` (the last zending), or nothing.

    Raises:
        PlanError: no such act, or there is nothing to do it with.
        Refusal: the gateway does not take it.
    """
    if not what:
        return
    if not play.earlier or not play.earlier[-1]["message_id"]:
        raise PlanError(f"er is geen bericht waarover de zorgkas iets kan zeggen ({what})")
    about = play.earlier[-1]
    match what:
        case "aanvaardt" | "weigert":
            kas = about["zorgkas"]
            outcome = "aanvaard" if what == "aanvaardt" else "geweigerd"
            content = (
                f'<z:Beslissing xmlns:z="{ZORGKAS}"><z:MessageId>{about["message_id"]}</z:MessageId><z:Zorgkas>{kas}</z:Zorgkas>'
                f"<z:Uitkomst>{outcome}</z:Uitkomst><z:Motivering>Bekeken door de suite.</z:Motivering></z:Beslissing>"
            )
            _post(universe, kas, content, "VSB-BESLISSING")
        case "betaalt":
            kas, amount = about["kas_zending"], about["totaal"]
            content = (
                f'<z:Afrekening xmlns:z="{ZORGKAS}"><z:MessageId>{about["message_id"]}</z:MessageId><z:Zorgkas>{kas}</z:Zorgkas>'
                f"<z:Gevraagd>{amount}</z:Gevraagd><z:Aanvaard>{amount}</z:Aanvaard><z:Geweigerd>0</z:Geweigerd>"
                f"<z:Betaalreferentie>SUITE-{uuid4().hex[:8]}</z:Betaalreferentie></z:Afrekening>"
            )
            _post(universe, kas, content, "VSB-AFREKENING")
        case "haalt":
            _fetch(universe, about["kas_zending"])
        case _:
            raise PlanError(f"a zorgkas does not {what!r}; it does aanvaardt, weigert, haalt, betaalt")


def _post(universe: Universe, kas: str, content: str, name: str) -> None:
    world = World(wire=Wire(base=""), clock=universe.clock)
    parcel = world.make("post", {"dienst": "zorgkas", "kas": kas, "berichtnaam": name, "inhoud": content})
    universe.as_zorgkas(parcel.octets())


def _fetch(universe: Universe, kas: str) -> None:
    """Fetch and confirm what waits: from then on the facility has the zorgkas's own TAck."""
    world, who = World(wire=Wire(base=""), clock=universe.clock), {"certificaat": f"zorgkas-{kas}"}
    answer = universe.as_zorgkas(world.make("get", who).octets())
    hashes = [base64.b64decode(d.get("HashValue", "")).hex() for d in answer.iterfind(".//{*}MsgResponse/{*}Detail")]
    universe.as_zorgkas(world.make("confirm", {**who, "hashes": hashes}).octets())
