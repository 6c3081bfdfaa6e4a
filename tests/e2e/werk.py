"""Work for the people of the tests: messages that wait, zendingen that are not settled, texts of somebody who means harm."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from conformance.sample import sample_rows
from conformance.walkthrough import zending
from gateway.berichten.factuur import lees_zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.wire.parser import parse
from tests.server.test_invoicing import month_of, with_lines
from tests.server.test_main_job import label, results
from tests.support import IBW1, PERSONS, RunningGateway

HOSTILE = "\"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>{{7*7}}"
_ZENDING = count(601)


class Werk:
    """Makes work on one running gateway; each person is used once."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.facility = gateway.facility()
        bekend = set(PERSONS.values())
        rijen = [r for r in sample_rows("aansluitingen") if r["insz"] not in bekend]
        self._leden = {z: iter([r["insz"] for r in rijen if r["zorgkas"] == z and not r["tot"]]) for z in ("180", "280")}

    def start(self, dagen: int, zorgkas: str = "180", **velden: Any) -> Any:
        """A stay of a new person that began so many days ago; the gateway's answer."""
        begin = {"Startdatum": self.gateway.today() - timedelta(days=dagen), "TypeVerblijf": "regulier", **velden}
        for insz in self._leden[zorgkas]:
            answer = self.facility.indienen(str(uuid4()), insz, StartVerblijf=begin)
            if answer.Zorgkas == zorgkas or velden:
                return answer
        raise AssertionError("no sample persons are left")

    def in_beraad(self, zorgkas: str = "180", **velden: Any) -> str:
        """MessageId of a message that waits for a zorgkas."""
        answer = self.start(40, zorgkas, **velden)
        assert answer.Uitkomst == "in_beraad", answer
        return str(answer.MessageId)

    def zending(self) -> str:
        """MessageId of an accepted zending of two lines for zorgkas 180 that is not settled."""
        gateway, nummer, dagen = self.gateway, next(_ZENDING), month_of(self.gateway)
        verblijf = self.start(20)
        insz = self.facility.dossiers(Dossiernummer=verblijf.Dossiernummer)[0].Insz
        een = zending(
            riziv=IBW1,
            insz=insz,
            dossier=verblijf.Dossiernummer,
            zorgkas="180",
            number=nummer,
            start=dagen[0],
            end=dagen[0],
            today=gateway.today(),
        )
        gelezen = lees_zending(parse(een))
        lijn = gelezen.facturen[0].lijnen[0]
        lijnen = [lijn._replace(volgnummer=n, van=d, tot=d) for n, d in enumerate(dagen, 1)]
        facility, reference = self.facility.facturatie, f"WERK{nummer}"
        tack = facility.post(schrijf_zending(with_lines(gelezen, lijnen)), reference)
        assert [label(r) for r in results(facility, reference, 2)][-1] == "INHOUD-AANVAARD"
        return str(tack.Reference)


_WERK: dict[str, Werk] = {}


def werk_op(gateway: RunningGateway) -> Werk:
    """One for each gateway, so that no person is used twice."""
    return _WERK.setdefault(gateway.base, Werk(gateway))
