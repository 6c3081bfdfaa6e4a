"""Faults of who takes posts and gives mailboxes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import update

from gateway.diensten import (
    aanvraag,
    facturatie,
    postbus,
    posten,
    zending,
    zorgkas,
)
from gateway.exchange import mailbox
from gateway.exchange.toestand import Toestand
from gateway.refusal import Code, Refusal
from gateway.store.tables import levering
from gateway.wire import blob, generic
from gateway.wire.generic import write_post_response
from tests.mutants.server.ingreep import ingreep, nothing, put, unless


@ingreep
def any_hash() -> None:
    put(blob, "hmac", lambda _: SimpleNamespace(compare_digest=lambda *_: True))


@ingreep
def any_xades() -> None:
    put(posten, "verify_blob_signature", lambda _: nothing)


@ingreep
def wrong_tack() -> None:
    put(generic, "tack_content", lambda _: lambda *_: b"\0" * 32)


@ingreep
def reference_for_other_blob() -> None:
    put(facturatie, "bewaar_post", unless(Code.ID_REUSED))


@ingreep
def replayed_get() -> None:
    put(postbus, "replay", lambda _: SimpleNamespace(remember=nothing))


@ingreep
def fetched_is_gone() -> None:
    def make(mark: Any) -> Any:
        def wrapped(conn: Any, ids: Any, now: Any) -> Any:
            found = mark(conn, ids, now)
            conn.execute(update(levering).where(levering.c.id.in_(ids)).values(toestand=Toestand.BEVESTIGD.value))
            return found

        return wrapped

    put(mailbox, "markeer_opgehaald", make)


@ingreep
def forgets_confirm() -> None:
    put(mailbox, "bevestig", lambda _: lambda *_: [])


@ingreep
def shared_mailbox() -> None:
    def make(get: Any) -> Any:
        def wrapped(gateway: Any, dienst: Any, bewezen: Any, bestemming: str) -> Any:
            return get(gateway, dienst, bewezen, "riziv:72090103" if bestemming.startswith("riziv:") else bestemming)

        return wrapped

    put(postbus, "get", make)


@ingreep
def never_delivers() -> None:
    for module in (aanvraag, zending):
        put(module, "naar_zorgkas", lambda _: nothing)


@ingreep
def wrong_zorgkas() -> None:
    put(aanvraag, "zorgkas_voor", lambda _: lambda *_: "380")


def _settles(code: Code) -> None:
    def make(post: Any) -> Any:
        def wrapped(gateway: Any, bewezen: Any) -> Any:
            try:
                return post(gateway, bewezen)
            except Refusal as refusal:
                if refusal.code is not code:
                    raise
            read = posten.lees_post(gateway, zorgkas.DIENST, bewezen)
            return write_post_response(
                request=read.blob.content, input_reference=read.input_reference, reference=bewezen.verzoek.ticket
            )

        return wrapped

    put(zorgkas, "_post", make)


@ingreep
def settles_for_anyone() -> None:
    _settles(Code.UNKNOWN_MESSAGE)


@ingreep
def settles_any_amount() -> None:
    _settles(Code.AMOUNTS)
