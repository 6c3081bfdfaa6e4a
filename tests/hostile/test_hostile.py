"""The hostile corpus and its honest twins against one real server process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.hostile.arena import Arena, arena
from tests.hostile.attacks.blobs import MEGABYTE, bombed
from tests.hostile.attacks.http_requests import PATH
from tests.hostile.case import ACCEPTED, Raw
from tests.hostile.corpus import CORPUS
from tests.hostile.run import attack_all, honest_all, memory, summary
from tests.hostile.talk import post_request, talk
from tests.hostile.twins import TWINS

MEMORY_MB = 1024
"""What the server may have used after the whole corpus, one message at a time."""


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("hostile")) as running:
        yield running


def test_there_are_enough_inputs_each_with_its_own_name() -> None:
    assert len(CORPUS) >= 400
    assert [id for id, count in Counter(c.id for c in CORPUS).items() if count > 1] == []
    assert all(c.title and c.kind for c in CORPUS)


@pytest.mark.timeout(900)
def test_every_hostile_input_gets_its_answer_and_the_server_lives_on(field: Arena) -> None:
    verdicts = attack_all(field, CORPUS)
    print(summary(verdicts), memory(field), sep="\n")
    assert [str(v) for v in verdicts if not v.ok] == []
    assert field.restarts == 0
    assert field.peak["server"] < MEMORY_MB * 1024
    assert field.honest(TWINS[0]) == ACCEPTED


def test_every_honest_twin_is_accepted(field: Arena) -> None:
    assert honest_all(field, TWINS) == {}


def test_no_secret_of_a_message_stands_in_the_log(field: Arena) -> None:
    assert field.honest(TWINS[0]) == ACCEPTED
    log = field.gateway.log()
    assert "PRIVATE KEY" not in log
    assert "zorgsoft-demo" not in log
    assert "12071796092" not in log


@pytest.mark.timeout(120)
def test_slow_connections_of_one_address_leave_the_others_served(field: Arena) -> None:
    address = _address(field)
    half = Raw.of(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode())
    with ThreadPoolExecutor(max_workers=250) as pool:
        waiting = [pool.submit(talk, address, half, timeout=15, source="127.0.0.2") for _ in range(250)]
        answers = [field.honest(twin) for twin in TWINS[:10]]
        assert {reply.result()[0].name for reply in waiting} <= {"closed", "HTTP 429", "HTTP 408"}
    assert answers == [ACCEPTED] * 10


@pytest.mark.timeout(120)
def test_bombs_sent_together_stay_within_bounds_and_are_all_refused(field: Arena) -> None:
    address, make = _address(field), bombed(1024 * MEGABYTE)
    message = Raw.of(post_request("/soap/facturatie/v1", make(field.context), {}))  # type: ignore[arg-type]
    with ThreadPoolExecutor(max_workers=16) as pool:
        replies = list(pool.map(lambda _: talk(address, message, timeout=60)[0].name, range(16)))
    field.measure()
    assert set(replies) <= {"VSB-BLOB-003", "VSB-SYS-003"}
    assert field.peak["server"] < 2 * MEMORY_MB * 1024
    assert field.honest(TWINS[0]) == ACCEPTED


@pytest.mark.timeout(120)
def test_a_flood_from_one_address_is_told_to_wait_and_the_others_are_served(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with arena(tmp_path_factory.mktemp("flood"), VSB_RATE_ADDRESS="5", VSB_RATE_BURST="20") as field:
        message = Raw.of(post_request(PATH, b"<x/>", {}))
        replies = [talk(_address(field), message, timeout=20, source="127.0.0.2")[0] for _ in range(60)]
        busy = [r for r in replies if r.name == "VSB-SYS-003"]
        assert len(busy) >= 30
        assert all(int(r.headers["retry-after"]) >= 1 and r.status == 429 for r in busy)
        assert field.honest(TWINS[0]) == ACCEPTED


def _address(field: Arena) -> tuple[str, int]:
    parts = urlsplit(field.gateway.base)
    return str(parts.hostname), int(parts.port or 80)
