"""The federal contract between a client that was not written for us and a real server: post, get, confirm, TAcks, XOP, tempo."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import zeep
from lxml import etree

from conformance.berichten.messages import envelope, head, question
from conformance.client import GenericAsyncClient
from conformance.walkthrough import sample_signer, zending
from gateway.trust.signing import sign_envelope
from gateway.wire.blob import inflate
from gateway.wire.content import Content
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.generic import FAILURE, SUCCESS, UNDELIVERED, UNREACHABLE, tack_content
from gateway.wire.names import GENERIC_ASYNC, XOP, q
from gateway.wire.parser import Bounds
from gateway.wire.xop import read_message
from tests.server.test_main_job import label, results, wait_for
from tests.support import IBW1, IBW2, PERSONS, RunningGateway, free_port, running_gateway, running_receiver

IO = "urn:nip:issuer:io:"
NEIGHBOUR = "09050397433"
"""Another member of zorgkas 280."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway of this module's own: its mailboxes hold what its tests put there."""
    with running_gateway(
        tmp_path_factory.mktemp("mail"), VSB_POLL_SECONDS="0", VSB_RATE_SENDER="20", VSB_RATE_BURST="200"
    ) as running:
        yield running


def empty(client: GenericAsyncClient) -> None:
    """Confirm all that waits."""
    while (mail := client.fetch()).messages or mail.tacks:
        client.confirm([m[2] for m in mail.messages], tacks=[t._value_1 for t in mail.tacks])


def invoice(gateway: RunningGateway, person: str, kas: str, reference: str, number: int) -> tuple[bytes, str]:
    """Start a stay and invoice it; returns what was posted and its message id."""
    facility = gateway.facility()
    start = gateway.today() - timedelta(days=20)
    answer = facility.indienen(str(uuid4()), PERSONS[person], StartVerblijf={"Startdatum": start, "TypeVerblijf": "regulier"})
    assert answer.Uitkomst == "aanvaard", answer
    last = min(
        gateway.today() - timedelta(days=1), (start.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    )
    content = zending(
        riziv=IBW1,
        insz=PERSONS[person],
        dossier=answer.Dossiernummer,
        zorgkas=kas,
        number=number,
        start=start,
        end=last,
        today=gateway.today(),
    )
    return content, facility.facturatie.post(content, reference).Reference


def test_the_tack_of_a_post_is_the_hmac_of_the_content_keyed_with_the_result(gateway: RunningGateway) -> None:
    facility = gateway.facility().facturatie
    tack = facility.post(b"<x/>", "TACK0000000001")
    assert tack._value_1 == hmac.new(SUCCESS.encode(), b"<x/>", hashlib.sha256).digest()
    assert (tack.Issuer, tack.AppliesTo, tack.ResultMajor) == (f"{IO}VSB", "urn:nip:reference:input:TACK0000000001", SUCCESS)
    # Its result is in the mailbox before the next test counts what is there.
    wait_for(lambda: bool(facility.get()))


def test_what_is_not_confirmed_comes_again_and_what_is_confirmed_does_not(gateway: RunningGateway) -> None:
    facility = gateway.facility().facturatie
    empty(facility)
    for n in range(3):
        facility.post(b"<x/>", f"AGAIN{n:09d}")
    wait_for(lambda: len(facility.get()) == 3)
    first, again = facility.get(), facility.get()
    assert first == again
    facility.confirm([first[0][2]])
    facility.confirm([first[0][2]])
    assert facility.get() == first[1:]
    empty(facility)


def test_max_include_and_names_choose_what_is_given_oldest_first(gateway: RunningGateway) -> None:
    facility = gateway.facility().facturatie
    empty(facility)
    for n in range(4):
        facility.post(b"<x/>", f"MAXIM{n:09d}")
    wait_for(lambda: len(facility.get()) == 4)
    every = [r for _, r, _ in facility.get()]
    assert [r for _, r, _ in facility.get(2)] == every[:2]
    assert facility.get(0) == []
    assert len(facility.get(1_000_000)) == 4
    assert facility.fetch(messages=False).messages == []
    assert len(facility.get(names=["HCPVWR"])) == 4
    assert facility.get(names=["HCPFAC"]) == []
    mail = facility.fetch(3)
    assert mail.counts == (3, 0)
    references = [etree.fromstring(r).findtext("{*}InputReference") for r in every]
    assert references == [f"MAXIM{n:09d}" for n in range(4)]
    empty(facility)


def test_another_ones_mailbox_is_neither_seen_nor_confirmed(gateway: RunningGateway) -> None:
    facility, other = gateway.facility().facturatie, gateway.facility("facility-ibw-2", IBW2).facturatie
    empty(facility)
    facility.post(b"<x/>", "OTHER000000001")
    wait_for(lambda: len(facility.get()) == 1)
    mine = facility.get()
    assert other.get() == []
    other.confirm([mine[0][2]])
    assert facility.get() == mine
    empty(facility)


def test_a_thousand_confirmations_at_once_and_empty_lists_are_taken(gateway: RunningGateway) -> None:
    facility = gateway.facility().facturatie
    facility.confirm([hashlib.sha256(b"%d" % n).digest() for n in range(1_000)])
    now = gateway.now()
    body = _request(
        "confirm",
        f"<g:Origin>{_ORIGIN}</g:Origin><g:MsgHashValues></g:MsgHashValues><g:TAckContents></g:TAckContents>",
        now,
    )
    assert gateway.post("facturatie", body).status == 200


def test_the_facility_learns_by_tack_that_the_zorgkas_has_its_zending(gateway: RunningGateway) -> None:
    facility, kas = gateway.facility().facturatie, gateway.kas("180")
    empty(facility)
    empty(kas)
    content, message_id = invoice(gateway, "els", "180", "KASTACK0000001", 11)
    results(facility, "KASTACK0000001", 2)
    assert facility.fetch().tacks == []
    wait_for(lambda: any(name == "VSB-FACTUUR" for name, _, _ in kas.get()))
    kas.confirm([m[2] for m in kas.get()])
    mail = facility.fetch()
    assert mail.counts == (2, 1)
    (tack,) = mail.tacks
    assert (tack.Issuer, tack.AppliesTo) == (f"{IO}180", "urn:nip:reference:input:KASTACK0000001")
    assert (tack.ResultMajor, tack._value_1) == (SUCCESS, tack_content(SUCCESS, Content.plain(content)))
    assert gateway.facility().raadplegen(MessageId=message_id).Aflevering == "bevestigd"
    assert facility.fetch(messages=False).tacks == mail.tacks
    facility.confirm(tacks=[tack._value_1])
    assert facility.fetch().tacks == []
    assert len(facility.get()) == 2
    empty(facility)


def test_a_zorgkas_that_is_away_is_an_answer_of_its_own_and_so_is_its_coming_back(tmp_path: Path) -> None:
    port = free_port()
    with running_gateway(tmp_path / "g", push_base=f"http://127.0.0.1:{port}", VSB_POLL_SECONDS="0") as gateway:
        facility = gateway.facility()
        day = {"Startdatum": gateway.today() - timedelta(days=20), "TypeVerblijf": "regulier"}
        first = facility.indienen(str(uuid4()), PERSONS["piet"], StartVerblijf=day)
        assert (first.Uitkomst, first.Aflevering) == ("aanvaard", "onderweg")
        wait_for(lambda: "line_opened" in gateway.log())
        second = facility.indienen(str(uuid4()), NEIGHBOUR, StartVerblijf=day)
        assert (second.Uitkomst, second.Zorgkas, second.Aflevering) == ("aanvaard", "280", "uitgesteld")
        assert facility.raadplegen(MessageId=first.MessageId).Aflevering == "uitgesteld"
        content = zending(
            riziv=IBW1,
            insz=PERSONS["piet"],
            dossier=first.Dossiernummer,
            zorgkas="280",
            number=1,
            start=gateway.today() - timedelta(days=20),
            end=min(gateway.today() - timedelta(days=1), (gateway.today() - timedelta(days=20)).replace(day=28)),
            today=gateway.today(),
        )
        facility.facturatie.post(content, "AWAY0000000001")
        results(facility.facturatie, "AWAY0000000001", 2)
        (tack,) = facility.facturatie.fetch().tacks
        assert (tack.Issuer, tack.ResultMajor, tack.ResultMinor) == (f"{IO}VSB", SUCCESS, UNREACHABLE)
        with running_receiver(tmp_path / "in", port):
            wait_for(lambda: facility.raadplegen(MessageId=first.MessageId).Aflevering == "bevestigd", 120)
            wait_for(lambda: len(facility.facturatie.fetch().tacks) == 2, 120)
        assert [t.Issuer for t in facility.facturatie.fetch().tacks] == [f"{IO}VSB", f"{IO}280"]


def test_a_zending_that_can_not_be_delivered_is_told_by_a_tack_of_failure(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "g", VSB_POLL_SECONDS="0", VSB_DELIVERY_DAYS="0.00001") as gateway:
        content, message_id = invoice(gateway, "piet", "280", "DEAD0000000001", 1)
        facility = gateway.facility().facturatie
        wait_for(lambda: any(t.ResultMajor == FAILURE for t in facility.fetch().tacks), 90)
        (tack,) = [t for t in facility.fetch().tacks if t.ResultMajor == FAILURE]
        assert (tack.Issuer, tack.ResultMinor, tack._value_1) == (
            f"{IO}280",
            UNDELIVERED,
            tack_content(FAILURE, Content.plain(content)),
        )
        life = gateway.facility().raadplegen(MessageId=message_id)
        assert (life.Aflevering, life.Stap[-1].Naam) == ("mislukt", "aflevering_mislukt")


def test_asking_an_empty_mailbox_again_at_once_gets_the_known_fault(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "g", VSB_POLL_SECONDS="30") as gateway:
        answers = [gateway.post("facturatie", _get(gateway)) for _ in range(2)]
        assert [a.status for a in answers] == [200, 500]
        fault = answers[1]
        assert "Not enough time" in (fault.root.findtext(".//faultstring") or "")
        assert fault.root.find(f".//{q(GENERIC_ASYNC, 'fault')}") is not None
        assert 0 < int(fault.headers["Retry-After"]) <= 30
        assert fault.codes == ["VSB-SYS-005"]
        assert gateway.post("zorgkas", _get(gateway, kas="180")).status == 200, "another mailbox is not held up"
        gateway.facility().facturatie.post(b"<x/>", "TEMPO000000001")


def test_a_captured_get_does_not_give_the_mailbox_a_second_time(gateway: RunningGateway) -> None:
    facility = gateway.facility().facturatie
    facility.post(b"<x/>", "REPLAY00000001")
    wait_for(lambda: len(facility.get()) >= 1)
    for parts in (("Timestamp", "BinarySecurityToken"), ("Body", "Timestamp", "BinarySecurityToken")):
        body = _get(gateway, parts=parts)
        assert gateway.post("facturatie", body).status == 200
        replayed = gateway.post("facturatie", body)
        assert (replayed.is_fault, replayed.codes) == (True, ["VSB-TRUST-023"])
    empty(facility)


def test_who_sends_a_package_gets_large_blobs_as_attachments(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "g", VSB_POLL_SECONDS="0", VSB_XOP_THRESHOLD="200", VSB_SIGN_RESPONSES="true") as gateway:
        facility = gateway.facility().facturatie
        facility.post(b"<x/>", "XOP00000000001")
        wait_for(lambda: len(facility.get()) == 1)
        (_, content, digest) = facility.get()[0]
        plain = gateway.post("facturatie", _get(gateway))
        assert plain.headers["Content-Type"].startswith("text/xml")
        reply = _post_package(gateway, _get(gateway))
        assert reply.headers["Content-Type"].startswith('multipart/related; type="application/xop+xml"')
        # A reader that knows MIME and nothing of us.
        message = email.message_from_bytes(
            b"Content-Type: " + reply.headers["Content-Type"].encode() + b"\r\n\r\n" + reply.content
        )
        root_part, attachment = message.get_payload()
        include = etree.fromstring(root_part.get_payload(decode=True)).find(f".//{q(XOP, 'Include')}")
        assert include.get("href") == f"cid:{attachment['Content-ID'].strip('<>')}"
        assert inflate(attachment.get_payload(decode=True), 10**7) == content
        # Our own reader, which puts the base64 back before it looks at signatures.
        whole = read_message(reply.content, reply.headers["Content-Type"], Bounds(octets=10**7))
        detail = whole.payload.find(f".//{q(GENERIC_ASYNC, 'Detail')}")
        assert hashlib.sha256(inflate(base64.b64decode(detail.text), 10**7)).digest() == digest
        _check_signed(gateway, whole)


def test_a_question_about_a_message_is_outside_the_senders_limit(gateway: RunningGateway) -> None:
    facility = gateway.facility()
    body = facility.indienen(
        bericht_id := str(uuid4()), PERSONS["wout"], StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
    )
    codes: list[str] = []
    for _ in range(400):
        now = gateway.now()
        asked = question(PERSONS["els"], gateway.today(), gateway.today(), head(IBW1, now))
        codes = gateway.post("verzekerbaarheid", envelope(asked, sample_signer("facility-ibw-1"), now)).codes
        if codes:
            break
    assert codes == ["VSB-SYS-003"]
    for _ in range(30):
        assert facility.raadplegen(BerichtId=bericht_id).MessageId == body.MessageId
    time.sleep(12)


def test_what_was_posted_is_found_by_its_reference_and_by_the_hash_of_its_content(gateway: RunningGateway) -> None:
    facility = gateway.facility()
    content = f"<x n='{uuid4()}'/>".encode()
    tack = facility.facturatie.post(content, reference := f"F{uuid4().hex[:13]}")
    wait_for(lambda: facility.raadplegen(BerichtId=reference).Uitkomst == "geweigerd")
    found = facility.raadplegen(Sha256=hashlib.sha256(content).digest())
    assert (found.MessageId, found.BerichtId, found.Aflevering) == (tack.Reference, reference, None)
    stranger = gateway.facility("facility-ibw-2", IBW2)
    assert stranger.raadplegen(Sha256=hashlib.sha256(content).digest()) is None


def test_another_question_under_a_used_id_is_refused_and_the_same_one_is_answered_again(gateway: RunningGateway) -> None:
    facility, bericht_id = gateway.facility(), str(uuid4())
    now, signer, today = gateway.now(), sample_signer("facility-ibw-1"), gateway.today()
    hoofding = head(IBW1, now, bericht_id=bericht_id)
    same = question(PERSONS["els"], today, today, hoofding)
    for _ in range(2):
        assert gateway.post("verzekerbaarheid", envelope(same, signer, gateway.now())).status == 200
    other = gateway.post("verzekerbaarheid", envelope(question(PERSONS["piet"], today, today, hoofding), signer, gateway.now()))
    assert other.codes == ["VSB-ID-001"]
    with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-001"):
        facility.verzekerbaarheid(bericht_id, PERSONS["wout"], today, today)


def test_a_refused_number_may_be_used_again_and_the_same_post_gets_the_same_tack(gateway: RunningGateway) -> None:
    facility = gateway.facility().facturatie
    first, again = (facility.post(b"<x/>", "SAME0000000001") for _ in range(2))
    assert (first.Reference, first._value_1) == (again.Reference, again._value_1)
    with pytest.raises(zeep.exceptions.Fault, match="VSB-ID-001"):
        facility.post(b"<y/>", "SAME0000000001")
    assert [label(r) for r in results(facility, "SAME0000000001", 1)] == ["DF012-920999"]
    empty(facility)


_ORIGIN = (
    '<e:Package xmlns:e="urn:be:cin:mycarenet:esb:common:v2"><e:License><e:Username>zorgsoft</e:Username>'
    "<e:Password>zorgsoft-demo</e:Password></e:License></e:Package>"
    '<e:CareProvider xmlns:e="urn:be:cin:mycarenet:esb:common:v2"><e:Nihii>'
    f"<e:Value>{IBW1}</e:Value></e:Nihii></e:CareProvider>"
)
_KAS_ORIGIN = (
    '<e:Package xmlns:e="urn:be:cin:mycarenet:esb:common:v2"><e:License><e:Username>zorgkas</e:Username>'
    "<e:Password>zorgkas</e:Password></e:License></e:Package>"
)


def _request(
    name: str,
    content: str,
    now: object,
    *,
    signer: str = "facility-ibw-1",
    parts: tuple[str, ...] = ("Timestamp", "BinarySecurityToken"),
) -> bytes:
    root = write_envelope(etree.fromstring(f'<g:{name} xmlns:g="{GENERIC_ASYNC}">{content}</g:{name}>'))
    sign_envelope(root, sample_signer(signer), now, parts=parts)  # type: ignore[arg-type]
    return serialise(root)


def _get(
    gateway: RunningGateway, *, kas: str | None = None, parts: tuple[str, ...] = ("Timestamp", "BinarySecurityToken")
) -> bytes:
    origin = _ORIGIN if kas is None else _KAS_ORIGIN
    content = f'<g:Origin>{origin}</g:Origin><g:MsgQuery Include="true" Max="100"><g:MessageNames/></g:MsgQuery><g:TAckQuery Max="100"/>'
    return _request("get", content, gateway.now(), signer="facility-ibw-1" if kas is None else f"zorgkas-{kas}", parts=parts)


def _post_package(gateway: RunningGateway, body: bytes) -> requests.Response:
    mark = b"--grens"
    package = mark + b'\r\nContent-Type: application/xop+xml; charset=UTF-8; type="text/xml"\r\nContent-ID: <r@x>\r\n\r\n' + body
    return requests.post(
        f"{gateway.base}/soap/facturatie/v1",
        data=package + b"\r\n" + mark + b"--\r\n",
        headers={"Content-Type": 'multipart/related; type="application/xop+xml"; start="<r@x>"; boundary="grens"'},
        timeout=30,
    )


def _check_signed(gateway: RunningGateway, whole: object) -> None:
    from gateway.paths import data_dir
    from gateway.trust.chain import load_trust_store
    from gateway.trust.policy import SYNCHRONOUS
    from gateway.trust.revocation import RevocationMode
    from gateway.trust.wssecurity import verify

    certs = data_dir("certs-sample")
    trust = load_trust_store(
        certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl", certs / "crl/root-ca.crl"], RevocationMode.GRACE
    )
    accept: Callable[..., None] = trust.accept
    assert verify(whole, SYNCHRONOUS, gateway.now(), accept).body_is_signed  # type: ignore[arg-type]
