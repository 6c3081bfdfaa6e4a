"""Faults of who keeps messages, and of who judges them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.walkthrough import sample_signer
from gateway.diensten import (
    aanvraag,
    raadplegen,
    verzekerbaarheid,
    zending_oordeel,
)
from gateway.store import berichten
from tests.mutants.server.ingreep import FAR, ingreep, nothing, put, without_rule


@ingreep
def no_second_answer() -> None:
    put(aanvraag, "_eerder_antwoord", lambda _: nothing)


@ingreep
def unmarked_repeat() -> None:
    put(aanvraag, "merk_duplicaat", lambda _: lambda response: response)


@ingreep
def id_for_other_content() -> None:
    def make(find: Any) -> Any:
        def wrapped(conn: Any, ontvangst: Any) -> Any:
            earlier = berichten.eerder(conn, ontvangst.afzender, ontvangst.dienst, ontvangst.bedrijfs_id)
            digest = ontvangst.inhoud_sha256 if earlier is None else bytes.fromhex(earlier.inhoud_sha256)
            return find(conn, replace(ontvangst, inhoud_sha256=digest))

        return wrapped

    put(aanvraag, "_eerder_antwoord", make)


@ingreep
def no_receipt() -> None:
    put(aanvraag, "schrijf_antwoord", lambda write: lambda answer: write(replace(answer, ontvangstbewijs=None)))


@ingreep
def receipt_by_another() -> None:
    put(aanvraag, "ontvangstbewijs", lambda make: lambda received, _: make(received, sample_signer("zorgkas-180")))


@ingreep
def receipt_of_other_bytes() -> None:
    put(aanvraag, "ontvangstbewijs", lambda make: lambda received, signer: make(replace(received, sha256=b"\0" * 32), signer))


@ingreep
def others_messages() -> None:
    def find(conn: Any, _: str, *, message_id: str | None, bedrijfs_id: str | None, sha256: str | None) -> Any:
        return None if message_id is None else berichten.zoek(conn, message_id)

    put(berichten, "zoek_van", lambda _: find)


@ingreep
def no_history() -> None:
    put(raadplegen, "schrijf_levensloop", lambda write: lambda _: write(None))


# Rules.


@ingreep
def first_reason_only() -> None:
    def make(judge: Any) -> Any:
        def wrapped(*arguments: Any) -> Any:
            found = judge(*arguments)
            return replace(found, redenen=found.redenen[:1])

        return wrapped

    put(aanvraag, "beoordeel_aanvraag", make)


@ingreep
def late_is_fine() -> None:
    without_rule("IBW_START_103")


@ingreep
def two_stays() -> None:
    without_rule("IBW_START_105")


@ingreep
def dead_person() -> None:
    without_rule("VSB_STATUS_004")


@ingreep
def hundred_years() -> None:
    put(verzekerbaarheid, "MAX_PERIODE", lambda _: FAR)


@ingreep
def no_mutation() -> None:
    put(verzekerbaarheid, "mutaties", lambda _: lambda *_: ())


@ingreep
def any_price() -> None:
    without_rule("301940")


@ingreep
def any_zorgkas() -> None:
    without_rule("201810")


@ingreep
def day_twice() -> None:
    without_rule("300423")


@ingreep
def number_twice() -> None:
    without_rule("100721")


def _result(change: Callable[[Any], Any]) -> None:
    put(zending_oordeel, "beoordeel_zending", lambda judge: lambda *arguments: change(judge(*arguments)))


@ingreep
def wrong_sums() -> None:
    _result(lambda result: replace(result, gevraagd=result.gevraagd + 100))


@ingreep
def first_error_only() -> None:
    _result(lambda result: replace(result, fouten=result.fouten[:1]))
