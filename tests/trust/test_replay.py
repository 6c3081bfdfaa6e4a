"""The replay memory: how long a signature that binds no content is remembered, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.refusal import Code, Refusal
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import upgrade
from gateway.store.tables import gezien
from gateway.trust import replay
from gateway.trust.policy import GENERIC_ASYNC
from gateway.trust.wssecurity import Signed
from tests.trust.x509_support import NOW, judge, message

SKEW, LONGEST, TICK = GENERIC_ASYNC.clock_skew, GENERIC_ASYNC.max_lifetime, timedelta(seconds=1)
SIGNED = judge(message())


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Store]:
    engine = make_engine(f"sqlite:///{tmp_path / 'v.sqlite'}")
    upgrade(engine)
    yield Store(engine)
    engine.dispose()


def other(number: int, created: datetime = NOW) -> Signed:
    return replace(SIGNED, signed_info=bytes([number] * 32), created=created, expires=created + timedelta(minutes=1))


def use(memory: Store, signed: Signed, *, repeated: bool = False) -> Code | None:
    try:
        with memory.writing() as conn:
            replay.remember(conn, signed, GENERIC_ASYNC, repeated=repeated)
    except Refusal as refusal:
        return refusal.code
    return None


def kept(memory: Store) -> int:
    with memory.reading() as conn:
        return len(conn.execute(select(gezien.c.sleutel)).all())


def test_a_signature_counts_once_and_again_only_for_the_same_message(memory: Store) -> None:
    assert use(memory, other(1)) is None
    assert use(memory, other(1)) is Code.REPLAY
    assert use(memory, other(1), repeated=True) is None
    assert use(memory, other(2)) is None
    assert use(memory, replace(other(1), certificate_der=b"a renewed certificate")) is None


def test_it_is_remembered_as_long_as_any_message_of_that_time_could_still_come_and_then_no_longer(memory: Store) -> None:
    assert use(memory, other(1)) is None
    forgotten_by = other(1).expires + SKEW + SKEW + LONGEST
    assert use(memory, other(2, forgotten_by)) is None
    assert kept(memory) == 2
    assert use(memory, other(3, forgotten_by + TICK)) is None
    assert kept(memory) == 2, "the first is forgotten, the memory does not grow for ever"
