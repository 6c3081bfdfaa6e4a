"""get and confirm of GenericAsync, the same for a facility and for a zorgkas: each sees only its own mailbox."""

from __future__ import annotations

from lxml.etree import _Element as Element

from gateway.diensten.kern import Bewezen, Dienst, Gateway, policy_of
from gateway.exchange import mailbox
from gateway.store import berichten
from gateway.store.berichten import Stap
from gateway.trust import replay
from gateway.wire.generic import read_confirm, read_get, write_confirm_response, write_get_response


def get(gateway: Gateway, dienst: Dienst, bewezen: Bewezen, bestemming: str) -> Element:
    """Give what waits and is not confirmed."""
    vraag = read_get(bewezen.payload)
    with gateway.store.writing() as conn:
        if not bewezen.signed.body_is_signed:
            replay.remember(conn, bewezen.signed, policy_of(gateway.settings, dienst))
        gevonden = mailbox.wachtend(conn, bestemming, vraag.message_names, vraag.max_messages) if vraag.messages else ()
        for bericht_id in mailbox.markeer_opgehaald(conn, [m.id for m in gevonden]):
            if bestemming.startswith("zorgkas:"):
                berichten.stappen(conn, bericht_id, [(Stap.AFGELEVERD, None)], bewezen.now, actor=bestemming)
    return write_get_response(gevonden)


def confirm(gateway: Gateway, dienst: Dienst, bewezen: Bewezen, bestemming: str) -> Element:
    """Close what was received; an unknown hash changes nothing (assumption, facts ehealth.md §3.9)."""
    vraag = read_confirm(bewezen.payload)
    with gateway.store.writing() as conn:
        if not bewezen.signed.body_is_signed:
            replay.remember(conn, bewezen.signed, policy_of(gateway.settings, dienst))
        gesloten = mailbox.bevestig(conn, bestemming, vraag.message_hashes, vraag.message_references, bewezen.now)
        for bericht_id in gesloten:
            if bestemming.startswith("zorgkas:"):
                berichten.stappen(conn, bericht_id, [(Stap.BEVESTIGD, None)], bewezen.now, actor=bestemming)
    return write_confirm_response()
