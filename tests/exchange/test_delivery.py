"""A delivery's states: each can be reached, nothing is lost, nothing comes twice, order is kept."""

from __future__ import annotations

import threading
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from gateway.exchange import afloop, lijn, mailbox, outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.toestand import BLOCKING, FINAL, IN_MAILBOX, PENDING, RETRYABLE, Toestand
from gateway.exchange.transport import HandedOver, Refused, Unreachable
from gateway.store.tables import levering
from tests.exchange.conftest import Outbox, Receiver

KAS = "zorgkas:280"


def away(_: object) -> None:
    raise Unreachable("ConnectionError")


def no(_: object) -> None:
    raise Refused("Fault soap:Client")


def test_every_state_belongs_to_the_sets_that_say_what_may_be_done() -> None:
    assert FINAL | PENDING | {Toestand.MISLUKT} == set(Toestand)
    assert not FINAL & (PENDING | RETRYABLE | BLOCKING)
    assert IN_MAILBOX <= PENDING


def test_a_receipt_closes_a_delivery_and_its_life_says_so(box: Outbox) -> None:
    name = box.put()
    receiver = Receiver()
    assert box.lane(receiver).step() == 1
    assert (box.state(name), box.attempts(name)) == (Toestand.BEVESTIGD, 1)
    assert box.life(name) == ["ontvangen", "afgeleverd", "bevestigd"]
    assert box.lane(receiver).step() == 0
    assert receiver.kept == {name: b"<inhoud/>"}


@pytest.mark.parametrize("how", ["at once", "after it lay there", "by confirm"])
def test_a_receipt_proves_the_delivery_whatever_brought_it(box: Outbox, how: str) -> None:
    name = box.put(transport="soap" if how == "at once" else "map")
    box.lane(Receiver(lambda d: HandedOver(reference="x", confirmed=how == "at once"))).step()
    laid = box.clock()
    box.clock.pass_(minutes=-1 if how == "after it lay there" else 1)
    with box.store.writing() as conn:
        if how == "after it lay there":
            # By a clock that runs behind that of who put it there.
            assert outbox.sluit(conn, name, "melding", box.clock())
        elif how == "by confirm":
            conn.execute(update(levering).values(afgeleverd_op=None))
            assert mailbox.bevestig(conn, "zorgkas:280", [], [name], box.clock())
        row = conn.execute(select(levering)).one()
    expected = laid if how == "at once" else box.clock()
    assert (row.toestand, row.afgeleverd_op, row.bevestigd_op) == ("bevestigd", expected, expected)


def test_what_lies_at_the_receiver_waits_for_its_receipt_and_is_put_again_when_that_stays_away(box: Outbox) -> None:
    name = box.put(transport="map")
    receiver = Receiver(lambda d: HandedOver(reference="bestand", confirmed=False))
    lane = box.lane(receiver)
    box.run(lane, 5)
    assert (box.state(name), receiver.attempts, box.life(name)[-1]) == (Toestand.AFGELEVERD, 1, "afgeleverd")
    box.clock.pass_(hours=23)
    assert lane.step() == 0
    box.clock.pass_(hours=2)
    assert lane.step() == 1
    assert box.life(name).count("afgeleverd") == 1
    with box.store.writing() as conn:
        assert outbox.sluit(conn, name, "melding", box.clock())
        assert not outbox.sluit(conn, name, "melding", box.clock())
    assert box.state(name) is Toestand.BEVESTIGD


def test_an_unreachable_receiver_is_tried_until_the_policys_days_are_over_and_then_it_is_a_dead_letter(box: Outbox) -> None:
    box.beleid = Beleid(max_age=timedelta(hours=1))
    name = box.put()
    lane = box.lane(Receiver(away))
    box.run(lane, 100, step=60)
    assert box.state(name) is Toestand.MISLUKT
    assert box.life(name)[-1] == "aflevering_mislukt"
    assert box.attempts(name) > 20


def test_a_refused_delivery_becomes_a_dead_letter_after_as_many_refusals_as_the_policy_says(box: Outbox) -> None:
    name = box.put()
    box.run(box.lane(Receiver(no)), 200, step=30)
    assert (box.state(name), box.attempts(name)) == (Toestand.MISLUKT, box.beleid.max_refusals)


def test_a_person_sends_a_dead_letter_again(box: Outbox) -> None:
    name = box.put()
    box.run(box.lane(Receiver(no)), 200, step=30)
    with box.store.writing() as conn:
        assert outbox.opnieuw(conn, [name], box.clock(), box.beleid) == [name]
    assert box.state(name) is Toestand.WACHTEND
    box.run(box.lane(Receiver()), 10)
    assert (box.state(name), box.life(name)[-1]) == (Toestand.BEVESTIGD, "bevestigd")


def test_a_dead_letter_sent_again_gets_the_policys_days_anew(box: Outbox) -> None:
    box.beleid = Beleid(max_age=timedelta(hours=1))
    name = box.put()
    box.run(box.lane(Receiver(away)), 100, step=60)
    with box.store.writing() as conn:
        outbox.opnieuw(conn, [name], box.clock(), box.beleid)
    box.run(box.lane(Receiver(away)), 10, step=60)
    assert box.state(name) is Toestand.WACHTEND


def test_what_is_closed_is_not_sent_again(box: Outbox) -> None:
    name = box.put()
    box.lane(Receiver()).step()
    with box.store.writing() as conn:
        assert outbox.opnieuw(conn, [name], box.clock(), box.beleid) == []
        assert not outbox.geef_op(conn, name)


def test_order_is_kept_for_one_person_and_facility_and_nobody_elses_waits(box: Outbox) -> None:
    first, second, other = box.put(volgorde="ibw1/els"), box.put(volgorde="ibw1/els"), box.put(volgorde="ibw1/piet")
    receiver = Receiver(lambda d: away(d) if d.id == first and receiver.attempts < 3 else None)
    lane = box.lane(receiver)
    lane.step()
    assert (box.state(other), box.state(second)) == (Toestand.BEVESTIGD, Toestand.WACHTEND)
    box.run(lane, 60)
    assert receiver.order == [other, first, second]


def test_a_dead_letter_holds_up_what_comes_after_it_until_a_person_gives_it_up(box: Outbox) -> None:
    first, second = box.put(volgorde="ibw1/els"), box.put(volgorde="ibw1/els")
    receiver = Receiver(lambda d: no(d) if d.id == first else None)
    lane = box.lane(receiver)
    box.run(lane, 200, step=30)
    assert (box.state(first), box.state(second)) == (Toestand.MISLUKT, Toestand.WACHTEND)
    with box.store.writing() as conn:
        assert outbox.geef_op(conn, first)
    lane.step()
    assert (box.state(first), box.state(second)) == (Toestand.OPGEGEVEN, Toestand.BEVESTIGD)


def test_two_workers_hand_each_delivery_over_once(box: Outbox) -> None:
    names = [box.put() for _ in range(30)]
    receiver = Receiver()
    lanes = [box.lane(receiver, werker=f"w{n}") for n in range(4)]
    stop = threading.Event()
    threads = [threading.Thread(target=lane.run, args=(stop,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for _ in range(200):
        if len(receiver.kept) == len(names):
            break
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert {box.state(n) for n in names} == {Toestand.BEVESTIGD}
    assert receiver.attempts == len(names)


def test_a_claim_that_nobody_finished_is_taken_over_when_its_lease_ends(box: Outbox) -> None:
    name = box.put()
    with box.store.writing() as conn:
        assert [c.id for c in outbox.claim(conn, KAS, 1, "dead", box.clock(), box.beleid)] == [name]
    lane = box.lane(Receiver())
    assert lane.step() == 0
    box.clock.pass_(seconds=box.beleid.lease.total_seconds() - 1)
    assert lane.step() == 0
    box.clock.pass_(seconds=2)
    assert lane.step() == 1


def test_what_a_stopped_worker_hands_back_is_claimed_at_once(box: Outbox) -> None:
    name = box.put()
    with box.store.writing() as conn:
        outbox.claim(conn, KAS, 1, "stopped", box.clock(), box.beleid)
        assert (outbox.leases(conn), outbox.geef_terug(conn, "stopped", box.clock())) == (["stopped"], 1)
    box.lane(Receiver()).step()
    assert box.state(name) is Toestand.BEVESTIGD


def test_a_worker_that_lost_its_lease_may_not_undo_what_another_did_but_its_attempt_is_on_record(box: Outbox) -> None:
    name = box.put()
    with box.store.writing() as conn:
        [late] = outbox.claim(conn, KAS, 1, "late", box.clock(), box.beleid)
    box.clock.pass_(minutes=10)
    box.lane(Receiver()).step()
    with box.store.writing() as conn:
        afloop.onbereikbaar(conn, late, "ReadTimeout", box.clock(), box.clock(), box.beleid, Random(1))
    assert (box.state(name), box.attempts(name)) == (Toestand.BEVESTIGD, 2)


def test_a_receipt_that_comes_late_closes_even_a_dead_letter(box: Outbox) -> None:
    name = box.put()
    box.run(box.lane(Receiver(no)), 200, step=30)
    with box.store.writing() as conn:
        assert outbox.sluit(conn, name, "R-1", box.clock())
    assert box.state(name) is Toestand.BEVESTIGD


def test_a_line_opens_after_failures_in_a_row_spares_the_receiver_and_closes_on_the_first_success(box: Outbox) -> None:
    names = [box.put() for _ in range(20)]
    receiver = Receiver(away)
    lane = box.lane(receiver)
    box.run(lane, 120)
    with box.store.reading() as conn:
        assert lijn.lees(conn, KAS).toestand is lijn.Schakelaar.OPEN
    spared = receiver.attempts
    assert spared < 30
    receiver.behave = lambda d: None
    box.run(lane, 300)
    assert {box.state(n) for n in names} == {Toestand.BEVESTIGD}
    with box.store.reading() as conn:
        assert lijn.lees(conn, KAS).toestand is lijn.Schakelaar.GESLOTEN


def test_an_open_line_lets_one_probe_through_at_a_time(box: Outbox) -> None:
    for _ in range(20):
        box.put()
    receiver = Receiver(away)
    lane = box.lane(receiver)
    box.run(lane, 30)
    for _ in range(50):
        before = receiver.attempts
        lane.step()
        assert receiver.attempts - before <= 1
        box.clock.pass_(seconds=7)


def test_one_poisonous_message_does_not_keep_a_line_open(box: Outbox) -> None:
    poison, good = box.put(), box.put()
    receiver = Receiver(away)
    lane = box.lane(receiver)
    box.run(lane, 60)
    receiver.behave = lambda d: away(d) if d.id == poison else None
    box.run(lane, 400)
    assert (box.state(good), box.state(poison)) == (Toestand.BEVESTIGD, Toestand.WACHTEND)


def test_different_messages_refused_in_a_row_open_the_line_before_they_are_all_dead(box: Outbox) -> None:
    names = [box.put() for _ in range(40)]
    box.run(box.lane(Receiver(no)), 100)
    with box.store.reading() as conn:
        assert lijn.lees(conn, KAS).toestand is not lijn.Schakelaar.GESLOTEN
    assert Toestand.MISLUKT not in {box.state(n) for n in names}


def test_a_paused_line_delivers_nothing_until_it_is_resumed(box: Outbox) -> None:
    name = box.put()
    with box.store.writing() as conn:
        lijn.pauzeer(conn, KAS, "os:operator", "onderhoud", box.clock())
    lane = box.lane(Receiver())
    box.run(lane, 5)
    assert box.state(name) is Toestand.WACHTEND
    with box.store.writing() as conn:
        assert lijn.hervat(conn, KAS)
        assert not lijn.hervat(conn, KAS)
    lane.step()
    assert box.state(name) is Toestand.BEVESTIGD


def test_a_receiver_that_hangs_holds_up_nobody_else(box: Outbox) -> None:
    stuck, free = [box.put("180") for _ in range(10)], [box.put("380") for _ in range(10)]
    gate = threading.Event()

    def hang(_: object) -> None:
        gate.wait(30)

    hanging, quick = Receiver(hang), Receiver()
    stop = threading.Event()
    lanes = [box.lane(hanging, "180", limit=2), box.lane(quick, "380", limit=2)]
    threads = [threading.Thread(target=lane.run, args=(stop,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for _ in range(200):
        if len(quick.kept) == len(free):
            break
        stop.wait(0.05)
    assert (len(quick.kept), len(hanging.kept)) == (len(free), 0)
    gate.set()
    stop.set()
    for thread in threads:
        thread.join(30)
    assert {box.state(n) for n in free} == {Toestand.BEVESTIGD}
    assert Toestand.MISLUKT not in {box.state(n) for n in stuck}


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("boom")])
def test_an_error_of_our_own_in_a_transport_is_a_failed_attempt_and_no_lost_delivery(box: Outbox, error: Exception) -> None:
    def broken(_: object) -> None:
        raise error

    name = box.put()
    box.lane(Receiver(broken)).step()
    assert (box.state(name), box.attempts(name)) == (Toestand.WACHTEND, 1)
