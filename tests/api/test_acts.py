"""What is done over the API is done: in the register, with reference data, in the audit chain under the person's name."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sqlalchemy import select

from gateway.console.rechten import Rol
from gateway.store.audit_tables import audit
from tests.api.conftest import Application

API = "/api/v1"


def last_audit(application: Application) -> Any:
    with application.store.reading() as conn:
        row = conn.execute(select(audit).order_by(audit.c.volgnr.desc()).limit(1)).one()
    return row.gebeurtenis, row.actor, json.loads(row.gegevens)


def test_a_recognition_is_added_ended_and_found(application: Application) -> None:
    facility, where = {"voorziening": "94091186000", "pijler": "mohm"}, f"{API}/register/erkenningen"
    new = {**facility, "van": "2030-01-01", "reden": "erkend"}
    assert application.as_(Rol.BEHEERDER, "POST", where, json=new).status_code == 200
    event, actor, data = last_audit(application)
    assert (event, actor, data["reden"]) == ("erkenning_toegevoegd", "account:bea (beheerder)", "erkend")
    again = application.as_(Rol.BEHEERDER, "POST", where, json=new)
    assert (again.status_code, again.json()["code"]) == (409, "VSB-API-006")
    end = {**facility, "tot": "2030-06-30", "reden": "gestopt"}
    assert application.as_(Rol.BEHEERDER, "POST", f"{where}/einde", json=end).status_code == 200
    found = application.as_(Rol.OPERATOR, "GET", f"{where}?zoek=9409118&geldig_op=2030-03-01").json()
    assert ("mohm", "2030-06-30") in [(p["pijler"], p["tot"]) for p in found["items"]]


def test_what_a_list_does_not_have_is_refused_by_its_name(application: Application) -> None:
    new = {"voorziening": "94091186000", "pijler": "edgfin", "van": "2030-01-01", "reden": "x"}
    answer = application.as_(Rol.BEHEERDER, "POST", f"{API}/register/verklaringen", json=new)
    assert (answer.status_code, answer.json()["fouten"][0]["plaats"]) == (422, "body/pijler")


def test_an_attest_is_suspended_by_an_operator_and_not_made(application: Application) -> None:
    act = {"reden": "proef"}
    for what, event in (("schorsing", "attest_geschorst"), ("hervatting", "attest_hervat")):
        answer = application.as_(Rol.OPERATOR, "POST", f"{API}/register/attest/{what}?nummer=VSB-2018-0004", json=act)
        assert answer.status_code == 200
        assert last_audit(application)[:2] == (event, "account:olga (operator)")
    assert application.as_(Rol.OPERATOR, "POST", f"{API}/register/attesten", json={}).status_code == 403
    assert "hash" not in application.as_(Rol.OPERATOR, "GET", f"{API}/register/attesten").text


def wait(application: Application, number: str, *states: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = application.as_(Rol.BEHEERDER, "GET", f"{API}/invoer/{number}", purpose="gegevens").json()
        if answer["toestand"] in states:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"still {answer['toestand']}: {answer}")


def test_reference_data_are_loaded_as_they_were_shown(application: Application) -> None:
    prices = b"prestatiecode;riziv;van;tot;bedrag;bron\n769999;;2031-01-01;;12345;proef\n"
    sent = application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer", files={"bestanden": ("prijzen-31.csv", prices)})
    assert sent.status_code == 202, sent.text
    number = sent.json()["id"]
    shown = wait(application, number, "klaar")
    assert shown["verslag"]["verschillen"]["prijzen"] == {"nieuw": 1, "gewijzigd": 0, "ongewijzigd": 0, "weg": 0}
    other = application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer/{number}/laden", json={"sha256": ["0" * 64]})
    assert other.status_code == 409
    agreed = {"sha256": [b["sha256"] for b in shown["bestanden"]]}
    assert application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer/{number}/laden", json=agreed).status_code == 202
    second = application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer/{number}/laden", json=agreed)
    assert second.status_code == 409, "of two who agree, one loads"
    wait(application, number, "geladen")
    event, actor, data = last_audit(application)
    assert (event, actor, data["sha256"]) == ("referentie_geladen", "account:bea (beheerder)", agreed["sha256"][0])


def test_an_import_that_somebody_overtook_is_checked_again(application: Application) -> None:
    def send(name: str, code: str) -> str:
        content = f"prestatiecode;riziv;van;tot;bedrag;bron\n{code};;2031-01-01;;1;proef\n".encode()
        answer = application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer", files={"bestanden": (name, content)})
        return str(answer.json()["id"])

    first, second = send("prijzen-a.csv", "769991"), send("prijzen-b.csv", "769992")
    shown = {n: wait(application, n, "klaar") for n in (first, second)}
    for number, outcome in ((second, "geladen"), (first, "verouderd")):
        agreed = {"sha256": [b["sha256"] for b in shown[number]["bestanden"]]}
        application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer/{number}/laden", json=agreed)
        wait(application, number, outcome)
    assert application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer/{first}/opnieuw").status_code == 202
    wait(application, first, "klaar")
    assert application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer/{first}/verwerping").json()["toestand"] == "verworpen"


@pytest.mark.parametrize("name", ["personen-x.csv", "lijst.csv"])
def test_wrong_rows_about_persons_ask_for_a_purpose(application: Application, name: str) -> None:
    header = "insz;naam;voornaam;geboortedatum;geslacht;adres;overlijdensdatum;aansluiting_mogelijk\n"
    content = f"{header if name != 'lijst.csv' else ''}85073003328;Geheim;Jan;geheim;M;x;;ja\n".encode()
    sent = application.as_(Rol.BEHEERDER, "POST", f"{API}/invoer", files={"bestanden": (name, content)})
    number = sent.json()["id"]
    assert "geheim" in str(wait(application, number, "fout")["verslag"]["fouten"])
    without = application.as_(Rol.BEHEERDER, "GET", f"{API}/invoer/{number}")
    assert (without.status_code, without.json()["code"]) == (428, "VSB-API-009")
    for path in (f"/console/invoer/{number}", f"/console/invoer/{number}/fouten.csv"):
        asked = application.as_(Rol.BEHEERDER, "GET", path)
        assert "_doel" in asked.text, path
        assert "geheim" not in asked.text
        assert "geheim" in application.as_(Rol.BEHEERDER, "GET", path, purpose="gegevens").text
        assert last_audit(application)[:2] == ("inzage", "account:bea (beheerder)")


def test_more_octets_than_an_address_takes_are_not_read(application: Application) -> None:
    answer = application.as_(
        Rol.BEHEERDER,
        "POST",
        f"{API}/register/verklaringen",
        content=b"{" + b" " * 70_000,
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "VSB-API-007")


def test_a_persons_number_is_in_no_answer_about_a_mistake(application: Application) -> None:
    answer = application.as_(Rol.OPERATOR, "POST", f"{API}/berichten/persoon", json={"insz": "8507300332", "reden": "x"})
    assert answer.status_code == 422
    assert "85073" not in answer.text
