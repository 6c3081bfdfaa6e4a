"""A facility finds its own messages by what it knows of them; a person's number is in no address, log or audit entry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from gateway.console.rechten import Persoon, Rol
from gateway.store.audit_tables import audit
from gateway.store.eigen import Eigen, Filter, berichten_van
from tests.api.conftest import Application, application_on
from tests.console.wereld import Wereld, wereld
from tests.support import IBW1, PERSONS


@pytest.fixture(scope="module")
def w(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wereld]:
    with wereld(tmp_path_factory.mktemp("eigen"), new_database()) as opened:
        opened.meld("els", 20)
        opened.meld("griet", 3)
        opened.meld("lena")
        yield opened


@pytest.fixture(scope="module")
def application(w: Wereld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with application_on(w.running.environment["VSB_DATABASE_URL"], tmp_path_factory.mktemp("app")) as opened:
        yield opened


def search(a: Application, wat: str, who: Rol = Rol.VOORZIENING, purpose: str | None = "eigen_bericht", **fields: str) -> Any:
    return a.as_(who, "POST", "/console/eigen/zoek", purpose=purpose, data={"wat": wat, **fields})


def shown(answer: Any) -> list[str]:
    """Ids of the messages of a list."""
    assert answer.status_code == 200, answer.text[:500]
    return re.findall(r'href="/console/eigen/([0-9a-f-]{36})"', answer.text)


def follow(a: Application, answer: Any, who: Rol = Rol.VOORZIENING) -> list[str]:
    assert answer.status_code == 303, answer.text[:500]
    return shown(a.as_(who, "GET", answer.headers["location"]))


def own(w: Wereld, persoon: str) -> Any:
    with w.gateway.store.reading() as conn:
        (row,) = berichten_van(conn, Eigen(voorzieningen=(IBW1[:8],)), Filter(insz=PERSONS[persoon])).rijen
    return row


@pytest.mark.parametrize("typed", ["{0}", "{1}", "INSZ {1}"])
def test_a_persons_messages_are_shown_for_a_purpose_and_the_number_stays_out_of_addresses_and_audit(
    application: Application, w: Wereld, typed: str
) -> None:
    insz = PERSONS["els"]
    dotted = f"{insz[:2]}.{insz[2:4]}.{insz[4:6]}-{insz[6:9]}.{insz[9:]}"
    text = typed.format(insz, dotted)
    asked = search(application, text, purpose=None)
    assert "_doel" in asked.text
    assert shown(asked) == []
    answer = search(application, text)
    assert shown(answer) == [own(w, "els").id]
    assert all(insz not in a and dotted not in a for a in re.findall(r'(?:href|action)="([^"]*)"', answer.text))
    with application.store.reading() as conn:
        rows = conn.execute(select(audit).where(audit.c.gebeurtenis == "persoon_gezocht")).all()
    assert rows
    assert all(insz not in repr(r) and dotted not in repr(r) for r in rows)


def test_a_further_page_of_a_person_is_a_post_too(application: Application, w: Wereld) -> None:
    row = own(w, "els")
    data = {"insz": PERSONS["els"], "voor": row.id}
    later = application.as_(Rol.VOORZIENING, "POST", "/console/eigen/persoon", purpose="eigen_bericht", data=data)
    assert shown(later) == []
    assert application.as_(Rol.LEVERANCIER, "POST", "/console/eigen/persoon", data=data).status_code == 403


def test_a_number_in_an_address_is_not_searched(application: Application) -> None:
    for name in ("referentie", "dossiernummer", "voorziening"):
        answer = application.as_(Rol.VOORZIENING, "GET", f"/console/eigen?{name}={PERSONS['els']}")
        assert answer.status_code == 422
        assert "hoort niet in een adres" in answer.text
        assert PERSONS["els"] not in answer.text


def test_a_vendor_is_told_that_it_searches_no_persons(application: Application) -> None:
    answer = search(application, PERSONS["els"], Rol.LEVERANCIER, None)
    assert answer.status_code == 422
    assert "Een leverancier zoekt geen personen" in answer.text
    assert "<tbody>" not in answer.text


def test_eleven_digits_that_are_nothing_stay_on_the_form_and_a_facility_is_found(application: Application, w: Wereld) -> None:
    wrong = search(application, "12071796093")
    assert wrong.status_code == 422
    assert "geen INSZ, geen voorziening" in wrong.text
    assert len(follow(application, search(application, IBW1))) == 3


def test_a_dossier_or_a_reference_is_found_by_a_facility_and_no_dossier_by_a_vendor(application: Application, w: Wereld) -> None:
    row = own(w, "els")
    by_dossier = search(application, row.dossiernummer)
    assert parse_qs(urlsplit(by_dossier.headers["location"]).query) == {"dossiernummer": [row.dossiernummer]}
    assert follow(application, by_dossier) == [row.id]
    assert follow(application, search(application, row.bedrijfs_id)) == [row.id]
    assert follow(application, search(application, row.bedrijfs_id, Rol.LEVERANCIER), Rol.LEVERANCIER) == [row.id]
    assert follow(application, search(application, row.dossiernummer, Rol.LEVERANCIER), Rol.LEVERANCIER) == []
    page = application.as_(Rol.LEVERANCIER, "GET", f"/console/eigen?dossiernummer={row.dossiernummer}")
    assert len(shown(page)) == 3  # As if it had not asked.
    assert row.dossiernummer not in page.text


def test_the_list_is_narrowed_by_kind_outcome_and_period(application: Application, w: Wereld) -> None:
    today, tomorrow = w.vandaag.isoformat(), (w.vandaag + timedelta(days=1)).isoformat()
    for fields, count in (
        ({"soort": "StartVerblijf"}, 3),
        ({"soort": "aanvraag"}, 3),
        ({"soort": "facturatie"}, 0),
        ({"soort": "EindeVerblijf"}, 0),
        ({"uitkomst": "geweigerd"}, 1),
        ({"van": today, "tot": today}, 3),
        ({"van": tomorrow}, 0),
        ({"tot": "2020-01-01"}, 0),
    ):
        assert len(follow(application, search(application, "", **fields))) == count, fields
    assert len(shown(search(application, PERSONS["lena"], uitkomst="geweigerd"))) == 1
    assert shown(search(application, PERSONS["els"], uitkomst="geweigerd")) == []


def test_a_row_tells_dossier_zorgkas_and_the_reason_in_words(application: Application, w: Wereld) -> None:
    row = own(w, "els")
    page = application.as_(Rol.VOORZIENING, "GET", "/console/eigen").text
    assert row.dossiernummer in page
    assert f"<td>{row.zorgkas}</td>" in page
    assert re.search(r"VSB_STATUS_002</code> \w+", page)


def test_a_facility_takes_its_message_and_the_answer_for_a_purpose_and_on_record(application: Application, w: Wereld) -> None:
    row = own(w, "els")
    page = application.as_(Rol.VOORZIENING, "GET", f"/console/eigen/{row.id}", purpose="eigen_bericht").text
    for what, mark in (("octetten", b"StartVerblijf"), ("antwoord", b"Ontvangstbewijs")):
        path = f"/console/eigen/{row.id}/{what}"
        assert path in page
        assert "_doel" in application.as_(Rol.VOORZIENING, "GET", path).text
        taken = application.as_(Rol.VOORZIENING, "GET", path, purpose="eigen_bericht")
        assert mark in taken.content
        assert taken.headers["content-disposition"].startswith("attachment")
        assert application.as_(Rol.LEVERANCIER, "GET", path).status_code == 403
        stranger = Persoon(account="account:an", naam="An", rol=Rol.VOORZIENING, voorzieningen=("72090202",))
        assert application.as_(stranger, "GET", path, purpose="eigen_bericht").status_code == 404
        with application.store.reading() as conn:
            looks = select(audit.c.gegevens).where(audit.c.onderwerp == f"bericht:{row.id}", audit.c.gebeurtenis == "inzage")
            assert [r for r in conn.execute(looks).scalars() if json.loads(r)["wat"] == what]
    vendor = application.as_(Rol.LEVERANCIER, "GET", f"/console/eigen/{row.id}").text
    assert "/octetten" not in vendor
    assert "/antwoord" not in vendor


def test_a_code_in_a_remark_leads_to_its_rule(application: Application, w: Wereld) -> None:
    page = application.as_(Rol.VOORZIENING, "GET", f"/console/eigen/{own(w, 'lena').id}", purpose="eigen_bericht").text
    assert 'href="/cookbooks/eibwfin.html#VSB_STATUS_002"' in page
    rule = application.client.get("/cookbooks/eibwfin.html").text
    assert 'id="VSB_STATUS_002"' in rule
