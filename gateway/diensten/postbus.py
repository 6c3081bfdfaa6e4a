"""get and confirm of GenericAsync, the same for a facility and for a zorgkas: each sees only its own mailbox."""

from __future__ import annotations

from datetime import timedelta

from lxml.etree import _Element as Element

from gateway.diensten.kern import Bewezen, Dienst, Gateway, policy_of
from gateway.exchange import levensloop, mailbox
from gateway.store.berichten import Stap
from gateway.trust import replay
from gateway.wire.generic import read_confirm, read_get, write_confirm_response, write_get_response


def get(gateway: Gateway, dienst: Dienst, bewezen: Bewezen, bestemming: str) -> Element:
    """Give what waits and is not confirmed.

    Raises:
        Refusal: REPLAY, as a captured get would give the mailbox to whoever captured it; or NOT_ENOUGH_TIME.
    """
    vraag = read_get(bewezen.payload)
    now, pause = bewezen.now, timedelta(seconds=gateway.settings.poll_seconds)
    with gateway.store.writing() as conn:
        replay.remember(conn, bewezen.signed, policy_of(gateway.settings, dienst))
        if pause:
            mailbox.check_tempo(conn, bestemming, now, pause)
        messages = mailbox.wachtend(conn, bestemming, vraag.message_names, vraag.max_messages) if vraag.messages else ()
        given = mailbox.wachtende_tacks(conn, bestemming, vraag.max_tacks) if vraag.tacks else ()
        for levering_id, bericht_id in mailbox.markeer_opgehaald(conn, [m.id for m in messages], now):
            if bestemming.startswith("zorgkas:"):
                levensloop.stappen(conn, levering_id, bericht_id, [(Stap.AFGELEVERD, None)], now, actor=bestemming)
        mailbox.markeer_opgehaald(conn, [levering_id for levering_id, _ in given], now)
        if pause:
            mailbox.noteer_leeg(conn, bestemming, now, leeg=not messages and not given)
    return write_get_response(messages, [tack for _, tack in given])


def confirm(gateway: Gateway, dienst: Dienst, bewezen: Bewezen, bestemming: str) -> Element:
    """Close what was received; an unknown hash changes nothing (assumption, facts ehealth.md §3.9)."""
    vraag = read_confirm(bewezen.payload)
    now = bewezen.now
    with gateway.store.writing() as conn:
        if not bewezen.signed.body_is_signed:
            replay.remember(conn, bewezen.signed, policy_of(gateway.settings, dienst))
        closed = mailbox.bevestig(conn, bestemming, vraag.message_hashes, vraag.message_references, now)
        mailbox.bevestig_tacks(conn, bestemming, vraag.tack_contents, vraag.tack_references, now)
        if bestemming.startswith("zorgkas:"):
            for gesloten in closed:
                gezet = [(Stap.BEVESTIGD, None)]
                levensloop.bevestigd(conn, gesloten.levering_id, gesloten.bericht_id, bestemming, gezet, now)
    return write_confirm_response()
