"""`vsb-gateway deliveries`: an operator sees what does not arrive, and acts; every act is in the audit chain."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from gateway.cli import app
from gateway.exchange import lijn
from gateway.exchange.toestand import Toestand
from gateway.exchange.transport import Refused, Unreachable
from gateway.store.audit_tables import audit
from tests.exchange.conftest import Outbox, Receiver, box, clock, postgresql, store  # noqa: F401

Run = Callable[..., Result]
WHY = ("--reason", "proef")


def no(_: object) -> None:
    raise Refused("Fault soap:Client")


@pytest.fixture
def run(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> Run:  # noqa: F811
    url = box.store.engine.url.render_as_string(hide_password=False)

    def call(*arguments: str) -> Result:
        monkeypatch.setenv("VSB_CLOCK", box.clock.now.isoformat())
        return CliRunner().invoke(app, ["deliveries", *arguments, "--database", url])

    return call


@pytest.fixture
def dead(box: Outbox) -> str:  # noqa: F811
    name = box.put()
    box.run(box.lane(Receiver(no)), 200, step=30)
    assert box.state(name) is Toestand.MISLUKT
    return name


def events(box: Outbox) -> list[str]:  # noqa: F811
    with box.store.reading() as conn:
        return list(conn.execute(select(audit.c.gebeurtenis).order_by(audit.c.volgnr)).scalars())


def test_the_list_shows_what_is_not_closed_with_its_last_result(run: Run, dead: str) -> None:
    shown = run("list", "--zorgkas", "280")
    assert dead in shown.output
    assert "mislukt" in shown.output
    assert "het bericht geweigerd (soap:Client)" in shown.output
    assert dead not in run("list", "--zorgkas", "180").output
    assert dead not in run("list", "--state", "bevestigd").output


def test_one_delivery_is_shown_with_every_attempt(run: Run, dead: str) -> None:
    assert run("show", dead).output.count("het bericht geweigerd (soap:Client)") == 8
    missing = run("show", "bestaat-niet")
    assert (missing.exit_code, "Er is geen levering" in missing.output) == (2, True)


def test_a_dead_letter_is_sent_again_and_that_is_on_record(run: Run, box: Outbox, dead: str) -> None:  # noqa: F811
    assert run("redeliver", dead, *WHY).exit_code == 0
    box.clock.pass_(minutes=5)
    box.lane(Receiver()).step()
    assert box.state(dead) is Toestand.BEVESTIGD
    assert events(box) == ["levering_opnieuw"]
    again = run("redeliver", dead, *WHY)
    assert (again.exit_code, "niet gevonden" in again.output) == (1, True)


def test_all_dead_letters_of_a_zorgkas_are_sent_again_at_once(run: Run, box: Outbox, dead: str) -> None:  # noqa: F811
    assert "1 van 1" in run("redeliver", "--zorgkas", "280", *WHY).output
    assert box.state(dead) is Toestand.WACHTEND
    assert run("redeliver").exit_code == 2


def test_a_delivery_is_given_up_with_a_reason(run: Run, box: Outbox, dead: str) -> None:  # noqa: F811
    assert run("give-up", dead, "--reason", "dubbel gemeld").exit_code == 0
    assert box.state(dead) is Toestand.OPGEGEVEN
    assert events(box) == ["levering_opgegeven"]
    assert run("give-up", dead, "--reason", "nog eens").exit_code == 2


def test_a_line_is_paused_and_resumed(run: Run, box: Outbox) -> None:  # noqa: F811
    assert run("pause", "280", "--reason", "onderhoud").exit_code == 0
    assert "onderhoud" in run("lines").output
    with box.store.reading() as conn:
        assert not lijn.lees(conn, "zorgkas:280").bereikbaar
    assert run("resume", "280", *WHY).exit_code == 0
    assert run("resume", "280", *WHY).exit_code == 1
    assert events(box) == ["lijn_gepauzeerd", "lijn_hervat"]
    assert run("pause", "999", "--reason", "x").exit_code == 2


def test_what_waits_goes_by_the_transport_the_zorgkas_has_now(run: Run, box: Outbox) -> None:  # noqa: F811
    name = box.put(transport="pull")
    assert "1 leveringen gaan nu langs soap" in run("reroute", "280", *WHY).output
    box.clock.pass_(minutes=1)
    box.lane(Receiver()).step()
    assert box.state(name) is Toestand.BEVESTIGD


def test_dead_letters_get_new_attempts_also_when_only_the_address_changed(run: Run, box: Outbox, dead: str) -> None:  # noqa: F811
    box.clock.pass_(days=9)
    shown = run("reroute", "280", *WHY)
    assert "0 wachtende en 1 mislukte" in shown.output
    assert "1 leveringen gaan nu langs soap" in shown.output
    with box.store.reading() as conn:
        record = conn.execute(select(audit)).one()
    assert (record.gebeurtenis, '"reden":"proef"' in record.gegevens) == ("leveringen_omgeleid", True)
    box.run(box.lane(Receiver(no)), 2, step=1)
    assert box.state(dead) is Toestand.WACHTEND, "its days begin anew"
    box.run(box.lane(Receiver()), 2, step=100)
    assert box.state(dead) is Toestand.BEVESTIGD
    assert run("reroute", "280", *WHY).exit_code == 1


@pytest.mark.parametrize("words", [("redeliver", "x"), ("give-up", "x"), ("pause", "280"), ("resume", "280"), ("reroute", "280")])
def test_no_act_without_a_reason(run: Run, box: Outbox, words: tuple[str, ...]) -> None:  # noqa: F811
    answer = run(*words)
    assert (answer.exit_code, "--reason" in answer.output) == (2, True)
    assert events(box) == []


def test_an_interrupted_line_says_so_and_why(run: Run, box: Outbox) -> None:  # noqa: F811
    def away(_: object) -> None:
        raise Unreachable("ConnectionError: verbinding geweigerd")

    assert "loopt" in run("lines").output
    box.put()
    box.run(box.lane(Receiver(away)), 120)
    shown = run("lines").output
    assert "onderbroken" in shown
    assert "geen verbinding met de ontvanger: verbinding geweigerd" in shown
