"""A dossier is what its messages make it; what is corrected or annulled stays on record and stops counting."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from gateway.central.dossier import beslis, gebeurtenis_van, met, open_dossier, voeg_toe
from gateway.central.model import Gebeurtenis, Verblijf
from tests.central.build import DAG, VANDAAG, aanvraag, annulering, bericht, einde, start

START = date(2026, 5, 1)


def event(kennisgeving: object, name: str, status: str = "aanvaard") -> Gebeurtenis:
    message = aanvraag(kennisgeving)  # type: ignore[arg-type]
    return gebeurtenis_van(message, name, status, message.kennisgeving.zorgdatum or START)


def opened(status: str = "aanvaard", **fields: object) -> Verblijf:
    message = aanvraag(start(START, **fields))
    return open_dossier(message, "D1", gebeurtenis_van(message, "m-start", status, START))


def change(**fields: object) -> object:
    return bericht("Wijziging", Dossiernummer="D1", Vanaf=VANDAAG, **fields)


def test_the_first_message_makes_the_dossier() -> None:
    dossier = opened(Einddatum=VANDAAG, Zorgcategorie__Categorie="B")
    assert (dossier.start, dossier.einde, dossier.akkoord_tot, dossier.categorie) == (START, None, VANDAAG, "B")
    assert (dossier.type_verblijf, dossier.status) == ("regulier", "aanvaard")


def test_changes_extensions_and_the_end_move_it_in_their_order() -> None:
    dossier = opened(Einddatum=VANDAAG)
    dossier = voeg_toe(dossier, event(change(TypeVerblijf="proef"), "m2"))
    dossier = voeg_toe(dossier, event(change(Zorgcategorie__Categorie="C"), "m3"))
    later = VANDAAG + timedelta(days=90)
    dossier = voeg_toe(dossier, event(bericht("Verlenging", Dossiernummer="D1", Vanaf=VANDAAG + DAG, Tot=later), "m4"))
    dossier = voeg_toe(dossier, event(einde(), "m5"))
    assert (dossier.type_verblijf, dossier.categorie, dossier.akkoord_tot, dossier.einde) == ("proef", "C", later, VANDAAG)
    assert [g.message_id for g in dossier.gebeurtenissen] == ["m-start", "m2", "m3", "m4", "m5"]


def test_an_annulled_message_counts_no_longer_and_stays_on_record() -> None:
    dossier = voeg_toe(opened(), event(einde(), "m2"))
    assert dossier.einde == VANDAAG
    dossier = voeg_toe(dossier, event(annulering(MessageId="m2"), "m3"))
    assert dossier.einde is None
    assert [g.status for g in dossier.gebeurtenissen] == ["aanvaard", "geannuleerd", "aanvaard"]


def test_annulling_the_dossier_or_its_first_message_ends_it() -> None:
    assert voeg_toe(opened(), event(annulering(), "m2")).status == "geannuleerd"
    assert voeg_toe(opened(), event(annulering(MessageId="m-start"), "m2")).status == "geannuleerd"


def test_what_is_in_beraad_changes_nothing_until_it_is_accepted() -> None:
    corrected = event(change(Correctie__Startdatum=START - DAG), "m2", "in_beraad")
    dossier = voeg_toe(opened(), corrected)
    assert dossier.start == START
    assert beslis(dossier, "m2", "aanvaard").start == START - DAG
    assert beslis(dossier, "m2", "geweigerd").start == START


def test_a_first_message_in_beraad_is_decided_for_the_whole_dossier() -> None:
    dossier = opened("in_beraad")
    assert (dossier.status, beslis(dossier, "m-start", "geweigerd").status) == ("in_beraad", "geweigerd")


def test_a_new_national_number_moves_the_dossier_to_it() -> None:
    assert voeg_toe(opened(), event(change(NieuwInsz="06062999747"), "m2")).insz == "06062999747"


def test_the_same_events_always_make_the_same_dossier() -> None:
    dossier = voeg_toe(voeg_toe(opened(), event(einde(), "m2")), event(annulering(MessageId="m2"), "m3"))
    assert met(replace(dossier, einde=VANDAAG, status="geweigerd"), dossier.gebeurtenissen) == dossier
