"""The hostile corpus and its twins against a gateway within this process: the oracle of the mutation run.

What is only about HTTP, or only large, is left to tests/hostile; every message is made once, for one moment.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from gateway.app import make_gateway
from gateway.diensten.kern import Gateway, Verzoek, prove
from gateway.paths import data_dir
from gateway.reference.laden import laad
from gateway.reference.voorbeeld import voorbeeldbestanden
from gateway.refusal import Refusal
from gateway.settings import Settings
from gateway.soap import DIENSTEN
from gateway.store.engine import make_engine
from gateway.store.identifiers import message_id
from gateway.store.migrate import upgrade
from gateway.wire.http import XML_CONTENT_TYPE, check_content_type, soap_action
from tests.hostile.case import ACCEPTED, Case, Exchange, Made, Raw, Sent, Twin
from tests.hostile.context import Context
from tests.hostile.corpus import CORPUS
from tests.hostile.twins import TWINS

NOW = datetime.now(UTC)
CONTEXT = Context(clock=lambda: NOW, canary="http://127.0.0.1:9", secret=Path("/nonexistent"))


_MADE: dict[str, Made] = {}
_LARGE = ("flood", "huge", "nesting", "bomb", "prolog", "HTTP")


@cache
def sample_database() -> Path:
    """The sample data, loaded once; each test gets a copy."""
    path = Path(mkdtemp(prefix="vsb-corpus-")) / "sample.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    laad(engine, voorbeeldbestanden(), NOW.date(), op=NOW, door="test")
    engine.dispose()
    return path


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that has judged nobody yet."""
    database = Path(shutil.copy(sample_database(), tmp_path))
    settings = Settings(
        database_url=f"sqlite:///{database}",
        sts_certificates=data_dir("certs-sample") / "sts.pem",
        rate_address=0,
        rate_sender=0,
        poll_seconds=0,
    )
    made = replace(make_gateway(settings), clock=lambda: NOW)
    yield made
    made.store.engine.dispose()


def test_every_hostile_message_gets_one_of_its_answers(gateway: Gateway) -> None:
    corpus = [case for case in CORPUS if _fits_in_process(case)]
    assert len(corpus) > 1_200
    # The first is enough to know; a list of all of them would take the mutation run ten times as long.
    assert next((f"{c.id}: {answer}" for c in corpus if (answer := _answer(gateway, c)) not in c.expect), None) is None


def test_every_honest_twin_is_accepted_in_process(gateway: Gateway) -> None:
    twins = [twin for twin in TWINS if not isinstance(_made(twin), Raw)]
    assert len(twins) > 40
    assert next((f"{t.id}: {answer}" for t in twins if (answer := _answer(gateway, t)) != ACCEPTED), None) is None


def _fits_in_process(case: Case) -> bool:
    large = any(word in f"{case.kind} {case.id}" for word in _LARGE)
    return not large and case.service in DIENSTEN and not isinstance(_made(case), Raw)


def _made(case: Case | Twin) -> Made:
    if case.id not in _MADE:
        _MADE[case.id] = case.make(CONTEXT)
    return _MADE[case.id]


def _answer(gateway: Gateway, case: Case | Twin) -> str:
    made = _made(case)
    if isinstance(made, Exchange):
        for sent in made.first:
            assert _send(gateway, sent) == ACCEPTED, case.id
        made = replace(made.last, headers={**case.headers, **made.last.headers})
    else:
        assert isinstance(made, bytes)
        made = Sent(service=case.service, body=made, headers=case.headers)
    return _send(gateway, made)


def _send(gateway: Gateway, sent: Sent) -> str:
    headers = {name.lower(): value for name, value in sent.headers.items()}
    content_type = headers.get("content-type", XML_CONTENT_TYPE)
    service = DIENSTEN[sent.service]
    try:
        check_content_type(content_type, headers.get("content-encoding"))
        action, ticket = soap_action(headers.get("soapaction")), message_id(gateway.clock())
        verzoek = Verzoek(raw=sent.body, content_type=content_type, soap_action=action, ticket=ticket)
        service.behandel(gateway, prove(gateway, service.DIENST, verzoek))
    except Refusal as refusal:
        return refusal.code.info.code
    return ACCEPTED
