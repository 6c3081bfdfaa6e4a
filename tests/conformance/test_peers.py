"""Peers that misbehave on command, and what a right central application makes of each: as the table of behaviours says."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from conformance.berichten.messages import envelope, head, question
from conformance.peers import crl, ocsp, sts, zorgkas
from conformance.peers.control import Peer
from conformance.peers.issuer import certificate
from conformance.peers.kinds import PeerKind, behaviours, page, peer
from conformance.saml_client import StsError, request_assertion, sign_envelope_saml
from conformance.sts.app import SAMLP_PATH
from conformance.walkthrough import sample_signer
from gateway.clock import BRUSSELS, system_clock
from gateway.exchange import push
from gateway.exchange.push import SoapPush
from gateway.exchange.transport import Delivery, HandedOver, Refused, Unreachable
from gateway.paths import data_dir
from gateway.refusal import Refusal
from gateway.trust import crlfetch
from gateway.trust import ocsp as gateway_ocsp
from gateway.trust.chain import load_trust_store
from gateway.trust.crlfetch import CrlFetcher
from gateway.trust.identity import read_identity
from gateway.trust.keys import read_certificates
from gateway.trust.ocsp import OcspStore
from gateway.trust.policy import SYNCHRONOUS
from gateway.trust.revocation import RevocationMode
from gateway.trust.saml import StsTrust
from gateway.trust.wssecurity import verify
from gateway.wire.envelope import read_envelope, serialise, write_envelope
from tests.support import IBW1, IBW2, PERSONS, RunningGateway, running_gateway

CERTS = data_dir("certs-sample")
CRLS = [CERTS / "crl/issuing-ca.crl", CERTS / "crl/root-ca.crl"]
SLOW = "slow:0.1"


@contextmanager
def listening(app: Peer) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False, http="h11", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = server.force_exit = True
    thread.join(timeout=10)


@dataclass(frozen=True, kw_only=True)
class Up:
    """A running peer."""

    address: str
    peer: Peer

    def behave(self, behaviour: str) -> None:
        self.peer.choose(SLOW if behaviour == "slow" else behaviour)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[PeerKind], Up]]:
    running: dict[PeerKind, Up] = {}
    held = []

    def start(kind: PeerKind) -> Up:
        if kind not in running:
            app = peer(kind, tmp_path_factory.mktemp("kas"))
            context = listening(app)
            held.append(context)
            running[kind] = Up(address=context.__enter__(), peer=app)
        return running[kind]

    yield start
    for context in held:
        context.__exit__(None, None, None)


def rows(kind: PeerKind) -> list[str]:
    return list(behaviours(kind, Path("/nergens")))


# The table.


def test_the_page_in_the_documentation_is_made_of_the_table() -> None:
    path = Path(__file__).parents[2] / "docs" / "peers.md"
    assert path.read_text(encoding="utf-8") == page(), "write conformance.peers.kinds.page() to docs/peers.md"


@pytest.mark.parametrize("kind", PeerKind)
def test_a_twin_is_a_behaviour_that_is_taken(kind: PeerKind) -> None:
    table = behaviours(kind, Path("/nergens"))
    good = table["good"].outcome
    assert {table[b.twin].outcome for b in table.values() if b.twin} == {good}


def test_a_peer_is_told_how_to_behave_and_tells_what_it_was_asked(up: Callable[[PeerKind], Up]) -> None:
    at = up(PeerKind.CRL).address
    assert requests.put(f"{at}/control/unavailable?times=2", timeout=5).json()["now"] == "unavailable"
    assert [requests.get(f"{at}/issuing-ca.crl", timeout=5).status_code for _ in range(3)] == [503, 503, 200]
    told = requests.get(f"{at}/control", timeout=5).json()
    assert [a["behaviour"] for a in told["asked"][-3:]] == ["unavailable", "unavailable", "good"]
    wrong = requests.put(f"{at}/control/onbekend", timeout=5)
    assert wrong.status_code == 404
    assert "rate-limited" in wrong.json()["error"]


# Pushes to a zorgkas.


@pytest.fixture(scope="module")
def pusher() -> SoapPush:
    trust = load_trust_store(CERTS / "ca-bundle.pem", CRLS, RevocationMode.GRACE)
    kbo = read_identity(sample_signer("zorgkas-280").certificate).number
    return SoapPush(sample_signer("gateway"), system_clock, trust, lambda _: kbo)


def levering() -> bytes:
    from conformance.zorgkas.world import PushWorld

    world = PushWorld(url="http://127.0.0.1:9/zorgkas/280", kas="280")
    world.make("levering", {})
    return world.items["a"].content


@pytest.mark.parametrize("behaviour", rows(PeerKind.ZORGKAS))
def test_a_push_ends_as_the_table_says(
    up: Callable[[PeerKind], Up], pusher: SoapPush, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "TIMEOUT", (2.0, 2.0))
    kas, content = up(PeerKind.ZORGKAS), levering()
    kas.behave(behaviour)
    number = etree.fromstring(content).findtext("{*}MessageId") or ""
    delivery = Delivery(
        id=number, bestemming="zorgkas:280", endpoint=f"{kas.address}/zorgkas/280", message_name="VSB-AANVRAAG", input_reference=number,
        test=False, content=content, sha256=hashlib.sha256(content).digest(), created=datetime.now(UTC),
    )  # fmt: skip
    outcome = kas.peer.behaviours[behaviour].outcome
    if outcome == zorgkas.CONFIRMED:
        assert isinstance(pusher.deliver(delivery), HandedOver)
        return
    with pytest.raises(Unreachable if outcome == zorgkas.OPEN else Refused):
        pusher.deliver(delivery)
    kas.behave("good")
    assert isinstance(pusher.deliver(delivery), HandedOver)


# Revocation.


def asked(accept: Callable[[], None]) -> str:
    """`accepted`, or our code of the refusal."""
    try:
        accept()
    except Refusal as refusal:
        return refusal.code.info.code
    return "accepted"


@pytest.mark.parametrize("behaviour", rows(PeerKind.CRL))
def test_a_fetched_crl_counts_as_the_table_says(
    up: Callable[[PeerKind], Up], behaviour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point, files = up(PeerKind.CRL), [tmp_path / "issuing-ca.crl", tmp_path / "root-ca.crl"]
    monkeypatch.setattr(crlfetch, "_MAX_CRL", 1 << 20)
    get = requests.get
    monkeypatch.setattr(requests, "get", lambda url, **how: get(url, **{**how, "timeout": (2, 1)}))
    point.behave(behaviour)
    CrlFetcher({f"{point.address}/{f.name}": f for f in files}).refresh()
    store = load_trust_store(CERTS / "ca-bundle.pem", files, RevocationMode.STRICT)

    def judge(name: str) -> str:
        found = certificate(name)
        return asked(lambda: store.accept(found.public_bytes(Encoding.DER), found, datetime.now(UTC)))

    outcome = point.peer.behaviours[behaviour].outcome
    if outcome == crl.BELIEVED:
        assert (judge("facility-ibw-1"), judge("bad-revoked")) == ("accepted", "VSB-TRUST-010")
    elif "VSB-TRUST-010" in outcome:
        assert (judge("facility-ibw-1"), judge("facility-ibw-2")) == ("VSB-TRUST-010", "accepted")
    else:
        assert judge("facility-ibw-1") == "VSB-TRUST-040"


@pytest.mark.parametrize("behaviour", rows(PeerKind.OCSP))
def test_an_ocsp_answer_counts_as_the_table_says(
    up: Callable[[PeerKind], Up], behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    responder = up(PeerKind.OCSP)
    monkeypatch.setattr(gateway_ocsp, "_TIMEOUT", (1.0, 1.0))
    responder.behave(behaviour)
    answers = OcspStore({"*": responder.address}, system_clock)
    store = load_trust_store(CERTS / "ca-bundle.pem", [CRLS[1]], RevocationMode.STRICT, ocsp=answers)
    found = certificate("facility-ibw-1")

    def judge() -> str:
        return asked(lambda: store.accept(found.public_bytes(Encoding.DER), found, datetime.now(UTC)))

    # Nothing is known before the answer came in the background; without a CRL of the issuer that is all there is.
    assert judge() == "VSB-TRUST-040"
    answers.refresh()
    outcome = responder.peer.behaviours[behaviour].outcome
    expected = {ocsp.BELIEVED: "accepted", ocsp.CRL_DECIDES: "VSB-TRUST-040"}.get(outcome, "VSB-TRUST-010")
    store._verdicts.clear()
    assert judge() == expected


# The STS.


# The vendor's client reads all that it gets, and the gateway never asks an STS: nobody here has a bound on its answer.
@pytest.mark.parametrize("behaviour", [b for b in rows(PeerKind.STS) if b != "endless"])
def test_an_assertion_counts_as_the_table_says(
    up: Callable[[PeerKind], Up], behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, me = up(PeerKind.STS), sample_signer("facility-ibw-1")
    post = requests.post
    monkeypatch.setattr(requests, "post", lambda *given, **how: post(*given, **{**how, "timeout": 2}))
    outcome = service.peer.behaviours[behaviour].outcome
    service.behave(behaviour)
    if outcome == sts.NO_ASSERTION:
        with pytest.raises((StsError, requests.RequestException, etree.LxmlError, Refusal)):
            request_assertion(service.address + SAMLP_PATH, me)
        return
    assertion = request_assertion(service.address + SAMLP_PATH, me)
    root = write_envelope(etree.fromstring("<vraag/>"))
    sign_envelope_saml(root, me, assertion, datetime.now(UTC))
    trust = load_trust_store(CERTS / "ca-bundle.pem", CRLS, RevocationMode.GRACE)
    believed = StsTrust(
        certificates=read_certificates(CERTS / "sts.pem"), issuer="urn:be:fgov:ehealth:sts:1_0", accept=trust.accept
    )

    def look() -> None:
        from gateway.trust.saml import check_assertion

        signed = verify(read_envelope(serialise(root)), SYNCHRONOUS, datetime.now(UTC), trust.accept, sts=believed)
        check_assertion(signed, IBW1)

    code = asked(look)
    assert code == "accepted" if outcome == sts.BELIEVED else code.removeprefix("VSB-TRUST-") in outcome


# A real gateway among its peers.


@pytest.fixture(scope="module")
def among_peers(up: Callable[[PeerKind], Up], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """Its CRLs come from one peer, OCSP answers from another, and it pushes to a third."""
    folder, points = tmp_path_factory.mktemp("central"), up(PeerKind.CRL)
    points.behave("revoked:facility-ibw-2")
    up(PeerKind.OCSP).behave("unavailable")
    files = {f"{points.address}/{n}.crl": str(folder / f"{n}.crl") for n in ("issuing-ca", "root-ca")}
    settings = {
        "VSB_CRLS": "[]",
        "VSB_CRL_URLS": json.dumps(files),
        "VSB_OCSP_RESPONDERS": json.dumps({"*": up(PeerKind.OCSP).address}),
        "VSB_STS_CERTIFICATES": str(CERTS / "sts.pem"),
        "VSB_DELIVERY_REFUSALS": "1",
    }
    with running_gateway(folder / "gateway", up(PeerKind.ZORGKAS).address, **settings) as running:
        until(lambda: ask(running) != "VSB-TRUST-040")
        yield running


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def ask(gateway: RunningGateway, name: str = "facility-ibw-1", riziv: str = IBW1, assertion: etree._Element | None = None) -> str:
    """`answered`, or our code of the fault."""
    now, signer = gateway.now(), sample_signer(name)
    day = now.astimezone(BRUSSELS).date()
    asking = question(PERSONS["els"], day, day, head(riziv, now))
    if assertion is None:
        body = envelope(asking, signer, now)
    else:
        root = write_envelope(etree.fromstring(asking))
        sign_envelope_saml(root, signer, assertion, now)
        body = serialise(root)
    answer = gateway.post("verzekerbaarheid", body)
    return answer.codes[-1] if answer.is_fault else "answered"


def test_a_fetched_crl_revokes_in_a_running_gateway(among_peers: RunningGateway) -> None:
    assert ask(among_peers) == "answered"
    assert ask(among_peers, "facility-ibw-2", IBW2) == "VSB-TRUST-010"


def test_a_responder_that_fails_leaves_the_crl_and_one_that_revokes_is_heard(
    among_peers: RunningGateway, up: Callable[[PeerKind], Up]
) -> None:
    renewed = "facility-ibw-1-renewed"
    up(PeerKind.OCSP).behave("revoked")
    # Its first message is judged by the CRL, while the responder is asked in the background.
    assert ask(among_peers, renewed) == "answered"
    assert until(lambda: ask(among_peers, renewed) == "VSB-TRUST-010")
    up(PeerKind.OCSP).behave("good")


def test_assertions_of_a_service_that_misbehaves_are_not_believed(
    among_peers: RunningGateway, up: Callable[[PeerKind], Up]
) -> None:
    service, me = up(PeerKind.STS), sample_signer("facility-ibw-1")
    answers = {}
    for behaviour in ("good", "ahead", "altered", "expired", "not-yet"):
        service.behave(behaviour)
        answers[behaviour] = ask(among_peers, assertion=request_assertion(service.address + SAMLP_PATH, me))
    assert answers == {
        "good": "answered",
        "ahead": "answered",
        "altered": "VSB-TRUST-029",
        "expired": "VSB-TRUST-030",
        "not-yet": "VSB-TRUST-031",
    }


@pytest.mark.parametrize(
    ("behaviour", "person", "state"),
    [("lost", "piet", "bevestigd"), ("wrong-signer", "wout", "bevestigd"), ("fault-client", "omar", "mislukt")],
)
def test_a_delivery_ends_in_the_state_that_it_should(
    among_peers: RunningGateway, up: Callable[[PeerKind], Up], behaviour: str, person: str, state: str
) -> None:
    kas = up(PeerKind.ZORGKAS)
    kas.peer.choose(behaviour, 1)
    facility, before = among_peers.facility(), len(kas.peer.asked)
    reference = str(uuid4())
    stay = {"Startdatum": among_peers.today() - timedelta(days=1), "TypeVerblijf": "regulier"}
    answer = facility.indienen(reference, PERSONS[person], StartVerblijf=stay)
    assert answer.Uitkomst == "aanvaard"
    assert until(lambda: facility.raadplegen(BerichtId=reference).Aflevering == state)
    times = [a["behaviour"] for a in kas.peer.asked[before:]]
    assert times == ([behaviour, "good"] if state == "bevestigd" else [behaviour])
