"""Typical mistakes sent to a real server: who finds them back on which screen, and who does not."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import text

from conformance.berichten.messages import envelope, head, question, start
from conformance.walkthrough import sample_signer
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS
from gateway.store import deur
from gateway.store.deur import Deurvraag
from gateway.store.eigen import Eigen
from gateway.store.engine import Store, make_engine
from tests.support import IBW1, IBW2, PERSONS, Answer, RunningGateway, console_session, posted_zending, running_gateway

pytestmark = pytest.mark.both_engines
CONSOLE = {"VSB_CONSOLE": "true", "VSB_CONSOLE_ACCOUNTS": str(SAMPLE_ACCOUNTS), "VSB_LOG_KEY": "a-key-of-the-tests"}
OPERATOR, CLERK, VENDOR = "olga", "vera", "lode"


class Deur:
    """A gateway, its database, and somebody of each kind who looks."""

    def __init__(self, running: RunningGateway, store: Store) -> None:
        self.running, self.store = running, store
        self._sessions: dict[str, requests.Session] = {}

    def as_(self, who: str, path: str) -> requests.Response:
        if who not in self._sessions:
            self._sessions[who] = console_session(self.running, who, "vraag")
        return self._sessions[who].get(f"{self.running.base}{path}", timeout=20)

    def kept(self, answer: Answer, code: str) -> dict[str, Any]:
        """The record of a fault, as the operator's API gives it."""
        assert answer.codes[0] == code, answer.body.decode()
        ticket = answer.headers["X-VSB-Ticket"]
        deadline = time.monotonic() + 30
        while (found := self.as_(OPERATOR, f"/api/v1/deur/{ticket}")).status_code == 404:
            assert time.monotonic() < deadline, "the refusal was not kept"
            time.sleep(0.05)
        record: dict[str, Any] = found.json()
        assert (record["ticket"], record["code"]) == (ticket, code)
        return record

    def seen_by(self, who: str, ticket: str) -> bool:
        """Whether the API and the screen tell somebody of it; they tell the same."""
        told = {r["ticket"] for r in self.as_(who, "/api/v1/eigen/deur").json()["items"]}
        screen = self.as_(who, "/console/eigen/deur").text
        assert (ticket in told) is (ticket in screen)
        return ticket in told


@pytest.fixture(scope="module")
def d(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deur]:
    url = new_database()
    with running_gateway(tmp_path_factory.mktemp("deur"), VSB_DATABASE_URL=url, **CONSOLE) as running:
        engine = make_engine(url)
        yield Deur(running, Store(engine))
        engine.dispose()


def signed(d: Deur, payload: str, certificate: str = "facility-ibw-1") -> bytes:
    return envelope(payload, sample_signer(certificate), d.running.now())


def broken(d: Deur, riziv: str = IBW1, bericht_id: str | None = None) -> str:
    """A notification that does not fit the schema."""
    hoofding = head(riziv, d.running.now(), bericht_id=bericht_id)
    return start(riziv, PERSONS["els"], d.running.today(), hoofding).replace("<Startdatum>", "<Startdatum>x")


def test_a_vendors_schema_error_is_found_by_its_facility_its_vendor_and_the_operator(d: Deur) -> None:
    reference = str(uuid4())
    kept = d.kept(d.running.post("aanvraag", signed(d, broken(d, bericht_id=reference))), "VSB-SCHEMA-001")
    assert (kept["afzender"], kept["attest"], kept["voorziening"]) == ("riziv:72090103", "VSB-2024-0001", IBW1)
    assert (kept["bedrijfs_id"], kept["dienst"], kept["identiteit"]) == (reference, "aanvraag", "NIHII-PROT_ACC=72090103")
    places = list({b["plaats"] for b in kept["bevindingen"]})
    assert places == ["/Envelope/Body/IndienenRequest/Aanvraag/StartVerblijf/Startdatum"]
    assert kept["octetten"] > 1000
    for who in (CLERK, VENDOR):
        assert d.seen_by(who, kept["ticket"])
        screen = d.as_(who, "/console/eigen/deur").text
        assert all(told in screen for told in (reference, places[0], "Verbeter de plaatsen hieronder", "VSB-SCHEMA-001"))
    assert PERSONS["els"] not in d.as_(OPERATOR, f"/console/deur/{kept['ticket']}").text
    with d.store.reading() as conn:
        assert kept["ticket"] not in {r.ticket for r in deur.van_eigen(conn, Eigen(voorzieningen=("72090202",))).rijen}


def test_another_facilitys_mistake_is_not_shown_to_this_one(d: Deur) -> None:
    kept = d.kept(d.running.post("aanvraag", signed(d, broken(d, IBW2), "facility-ibw-2")), "VSB-SCHEMA-001")
    assert kept["afzender"] == "riziv:72090202"
    assert not d.seen_by(CLERK, kept["ticket"])


def test_a_reused_id_and_another_pillars_message_are_the_facilitys(d: Deur) -> None:
    now, bericht_id = d.running.now(), str(uuid4())
    first = start(IBW1, PERSONS["mia"], d.running.today(), head(IBW1, now, bericht_id=bericht_id))
    assert not d.running.post("aanvraag", signed(d, first)).is_fault
    again = d.running.post("aanvraag", signed(d, first.replace("regulier", "proef")))
    kept = d.kept(again, "VSB-ID-001")
    assert kept["bedrijfs_id"] == bericht_id
    assert d.seen_by(CLERK, kept["ticket"])
    other = start(IBW1, PERSONS["mia"], d.running.today(), head(IBW1, now, pijler="epvtfin"))
    kept = d.kept(d.running.post("aanvraag", signed(d, other)), "VSB-TRUST-016")
    assert d.seen_by(CLERK, kept["ticket"])


@pytest.mark.parametrize("how", ["unsigned", "expired", "changed"])
def test_what_nobody_proved_is_the_operators_alone(d: Deur, how: str) -> None:
    payload = question(PERSONS["els"], d.running.today(), d.running.today(), head(IBW1, d.running.now()))
    body = signed(d, payload, "bad-expired" if how == "expired" else "facility-ibw-1")
    body = re.sub(rb"<soap:Header>.*</soap:Header>", b"", body, flags=re.S) if how == "unsigned" else body
    body = body.replace(b"ZorgSoft", b"ZorgSift") if how == "changed" else body
    code = {"unsigned": "VSB-TRUST-001", "expired": "VSB-TRUST-008", "changed": "VSB-TRUST-005"}[how]
    kept = d.kept(d.running.post("verzekerbaarheid", body), code)
    assert {kept[n] for n in ("identiteit", "afzender", "attest", "voorziening", "bedrijfs_id")} == {None}
    assert (kept["certificaat_sha256"] is None) is (how == "unsigned")
    assert not d.seen_by(CLERK, kept["ticket"])
    assert not d.seen_by(VENDOR, kept["ticket"])
    assert "onbewezen" in d.as_(OPERATOR, f"/console/deur/{kept['ticket']}").text


def test_a_post_whose_header_signs_no_content_is_believed_by_the_signature_on_its_blob(d: Deur) -> None:
    good = posted_zending(d.running, b"<zending/>", reference := str(uuid4()))
    licence = good.replace(b"zorgsoft-demo", b"wrong-password")
    kept = d.kept(d.running.post("facturatie", licence), "VSB-TRUST-017")
    assert (kept["afzender"], kept["bedrijfs_id"], kept["attest"]) == ("riziv:72090103", reference, None)
    assert d.seen_by(CLERK, kept["ticket"])
    kept = d.kept(
        d.running.post("facturatie", posted_zending(d.running, b"x", "r").replace(b"HCPFAC", b"HCPXXX")), "VSB-BLOB-004"
    )
    assert kept["attest"] == "VSB-2024-0001"
    other = re.sub(rb"(<[\w:]*Xades-t>)[^<]*", rb"\1AAAA", posted_zending(d.running, b"y", str(uuid4())))
    answer = d.running.post("facturatie", other)
    kept = d.kept(answer, answer.codes[0])
    assert (kept["identiteit"], kept["bedrijfs_id"]) == (None, None)
    with d.store.reading() as conn:
        assert not any(
            "password" in str(tuple(r)) or "zorgsoft-demo" in str(tuple(r)) for r in deur.lijst(conn, Deurvraag()).rijen
        )


def test_an_operator_finds_a_ticket_that_is_read_out_and_the_overview_counts(d: Deur) -> None:
    # The overview tells the most frequent codes.
    kept = [d.kept(d.running.post("bestaatniet", b"x"), "VSB-WIRE-009") for _ in range(4)][-1]
    session = d._sessions[OPERATOR]
    page = session.get(f"{d.running.base}/console/berichten", timeout=20).text
    token = re.search(r'name="_csrf" value="([0-9a-f]{64})"', page)
    assert token is not None
    typed = {"_csrf": token[1], "wat": kept["ticket"].upper()}
    found = session.post(f"{d.running.base}/console/berichten/zoek", data=typed, timeout=20)
    assert found.url.endswith(f"/console/deur/{kept['ticket']}")
    assert "Deze dienst bestaat niet." in found.text
    assert "VSB-WIRE-009" in d.as_(OPERATOR, "/console/overzicht").text
    listed = d.as_(OPERATOR, "/console/deur?code=VSB-WIRE-009&afzender=onbewezen").text
    assert kept["ticket"] in listed
    assert d.as_(OPERATOR, "/console/deur?code=VSB-WIRE-009&afzender=72090103").text.count("/console/deur/") == 0
    assert d.as_(CLERK, f"/console/deur/{kept['ticket']}").status_code == 403
    assert d.as_(OPERATOR, f"/console/deur/{uuid4()}").status_code == 404


def test_a_dry_run_leaves_no_trace(d: Deur) -> None:
    body = signed(d, broken(d))
    tried = requests.post(f"{d.running.base}/soap/aanvraag/v1/proef", data=body, headers={"Content-Type": "text/xml"}, timeout=30)
    assert b"VSB-SCHEMA-001" in tried.content
    d.kept(d.running.post("aanvraag", b"x"), "VSB-WIRE-001")
    assert d.as_(OPERATOR, f"/api/v1/deur/{tried.headers['X-VSB-Ticket']}").status_code == 404


def test_a_locked_database_costs_no_fault_and_the_record_comes_after(d: Deur) -> None:
    if d.store.engine.dialect.name == "sqlite":
        file = sqlite3.connect(str(d.store.engine.url.database), isolation_level=None)
        file.execute("BEGIN IMMEDIATE")
        answer = d.running.post("aanvraag", b"x")
        file.execute("ROLLBACK")
        file.close()
    else:
        with d.store.writing() as conn:
            conn.execute(text("LOCK TABLE deurweigering IN ACCESS EXCLUSIVE MODE"))
            answer = d.running.post("aanvraag", b"x")
    d.kept(answer, "VSB-WIRE-001")


def test_what_waits_when_the_gateway_is_stopped_is_written_out(new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    with running_gateway(tmp_path, options=("--no-worker",), VSB_DATABASE_URL=url) as running:
        ticket = running.post("aanvraag", b"x").headers["X-VSB-Ticket"]
        running.stop()
    engine = make_engine(url)
    with Store(engine).reading() as conn:
        assert deur.een(conn, ticket) is not None
    engine.dispose()
