"""What an operator finds and does on the screens, over HTTP, with rows of its own in the database."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from gateway.console.rechten import Rol
from gateway.store.audit_tables import audit
from gateway.store.identifiers import message_id
from gateway.store.tables import bericht, certificaat
from tests.api.conftest import Application, running_application

INSZ = "85073003328"
WRONG = "12071796093"


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("operator"), log_key="k" * 32) as found:
        yield found


def message(application: Application, **columns: Any) -> str:
    """A stored message; returns its id."""
    now = datetime.now(UTC)
    values = {
        "id": message_id(now),
        "dienst": "aanvraag",
        "afzender": "riziv:72090103",
        "bedrijfs_id": str(uuid4()),
        "pijler": "eibwfin",
        "soort": "StartVerblijf",
        "test": False,
        "stap": "gerouteerd",
        "uitkomst": "aanvaard",
        "ontvangen_op": now,
        "octetten": 10,
        "sha256": uuid4().hex * 2,
        "inhoud_sha256": uuid4().hex * 2,
        "identiteit": "NIHII=72090103",
        "certificaat_sha256": "0" * 64,
        "voorziening": "72090103000",
        "zorgkas": "280",
        **columns,
    }
    with application.store.writing() as conn:
        conn.execute(insert(bericht).values(**values))
    return str(values["id"])


def ask(
    application: Application, method: str, path: str, purpose: str | None = "incident", who: Rol = Rol.OPERATOR, **data: str
) -> Any:
    return application.as_(who, method, f"/console{path}", purpose=purpose, **({"data": data} if method == "POST" else {}))


def search(application: Application, what: str, **filters: Any) -> Any:
    return ask(application, "POST", "/berichten/zoek", wat=what, **filters)


@pytest.mark.parametrize(
    "typed", [WRONG, "12.07.17-960.93", "'12071796093'", "INSZ 12.07.17 960.93;", "12/07/17-960-93", "rrn:12071796093"]
)
def test_a_mistyped_insz_is_said_and_stands_in_no_address(application: Application, typed: str) -> None:
    answer = search(application, typed)
    assert (answer.status_code, "location" in answer.headers) == (422, False)
    assert "geen juist controlegetal" in answer.text


@pytest.mark.parametrize(
    "typed", [INSZ, '"85.07.30-033.28"', "85073003328;", "INSZ 85.07.30-033.28", "insz:85073003328", "Jan (85 07 30 033 28)"]
)
def test_a_valid_insz_with_anything_around_it_is_searched_as_a_person(application: Application, typed: str) -> None:
    name = message(application, insz=INSZ)
    answer = search(application, typed)
    assert answer.status_code == 200
    assert f"/console/berichten/{name}" in answer.text
    assert "gezocht als: INSZ" in answer.text
    with application.store.reading() as conn:
        last = conn.execute(select(audit).order_by(audit.c.volgnr.desc()).limit(1)).one()
    assert last.gebeurtenis == "persoon_gezocht"
    assert INSZ not in last.onderwerp + last.gegevens


@pytest.mark.parametrize("typed", ["Jan Peeters", "1207179609", "120717960934"])
def test_what_is_nobodys_reference_stays_out_of_the_address(application: Application, typed: str) -> None:
    answer = search(application, typed)
    assert (answer.status_code, "location" in answer.headers) == (200, False)
    assert "Niets gevonden" in answer.text


def found(application: Application, typed: str, **filters: str) -> tuple[str, str]:
    answer = search(application, typed, **filters)
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    return where, ask(application, "GET", where.removeprefix("/console")).text


def test_what_is_typed_is_recognised_and_said(application: Application) -> None:
    digest, print_ = "ab" * 32, "cd" * 32
    with application.store.writing() as conn:
        conn.execute(
            insert(certificaat).values(
                sha256=print_,
                sha1="c" * 40,
                ski="c",
                serienummer="c",
                identiteit="NIHII=72090103",
                geldig_tot=datetime.now(UTC) + timedelta(days=300),
                eerst_gezien=datetime.now(UTC),
                der=b"",
            )
        )
    name = message(
        application,
        bedrijfs_id="REF-20260101001",
        dossiernummer="VSB-2026-00012A",
        sha256=digest,
        certificaat_sha256=print_,
        attest="VSB-2018-0004",
    )
    colons = ":".join(print_[i : i + 2] for i in range(0, 64, 2)).upper()
    cases = {
        " 'REF-20260101001'. ": ("bedrijfs_id", "referentie"),
        "vsb-2026-00012a": ("dossiernummer", "dossier"),
        "riziv: 72090103": ("afzender", "afzender"),
        "RIZIV:7209.0103.000": ("voorziening", "RIZIV-nummer"),
        base64.b64encode(bytes.fromhex(digest)).decode(): ("hash", "SHA-256"),
        f"sha256:{digest.upper()}": ("hash", "SHA-256"),
        "vsb-2018-0004": ("attest", "attest"),
        colons: ("certificaat", "vingerafdruk"),
        print_: ("certificaat", "vingerafdruk"),
    }
    for typed, (field, word) in cases.items():
        where, page = found(application, typed)
        assert f"{field}=" in where, typed
        assert f"gezocht als: {word}" in page, typed
        assert f"/console/berichten/{name}" in page, typed
    where, page = found(application, "001/2026")
    assert "zendingnummer=001&jaar=2026" in where
    assert "gezocht als: zending" in page


def test_a_facilitys_name_gives_a_short_list_to_choose_from(application: Application) -> None:
    answer = search(application, "beschut")
    assert answer.status_code == 200
    assert "/console/berichten?voorziening=" in answer.text


def test_a_zending_that_is_not_understood_is_said(application: Application) -> None:
    answer = search(application, "", zending="12-2026")
    assert (answer.status_code, "verwacht een nummer als 012" in answer.text) == (422, True)
