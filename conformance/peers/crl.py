"""A CRL distribution point that misbehaves on command: /issuing-ca.crl and /root-ca.crl."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.peers.control import Asked, Behaviour, Reply, on_the_line
from conformance.peers.issuer import certificate, issuer
from gateway.clock import Clock, system_clock

_MEDIA = "application/pkix-crl"
_DAY = timedelta(days=1)
BELIEVED = "the certificates are accepted, but for those that it names"
STAYS = "the CRL that was there stays; without one every sender is told to come back later (VSB-TRUST-040)"


def behaviours(clock: Clock = system_clock) -> dict[str, Behaviour]:
    """Name to behaviour."""

    def crl(
        asked: Asked,
        *,
        revoked: Sequence[str] = ("bad-revoked",),
        ends: timedelta = _DAY,
        signed_by: str = "",
        named: str = "",
    ) -> Reply:
        own = "root-ca" if "root" in asked.path else "issuing-ca"
        now, signer = clock(), issuer(signed_by or own)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(certificate(named or own).subject)
            .last_update(min(now, now + ends) - _DAY)
            .next_update(now + ends)
        )
        for name in revoked if own == "issuing-ca" else ():
            entry = x509.RevokedCertificateBuilder().serial_number(certificate(name).serial_number).revocation_date(now - _DAY)
            builder = builder.add_revoked_certificate(entry.build())
        return Reply(body=builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER), media=_MEDIA)

    def revoked(asked: Asked, argument: str) -> Reply:
        return crl(asked, revoked=("bad-revoked", argument or "facility-ibw-1"))

    def row(what: str, outcome: str, twin: str = "", **how: object) -> Behaviour:
        return Behaviour(what=what, outcome=outcome, answer=lambda asked, _: crl(asked, **how), twin=twin)  # type: ignore[arg-type]

    stale = "with VSB_REVOCATION=strict every sender is told to come back later (VSB-TRUST-040)"
    return {
        **on_the_line(lambda asked, _: crl(asked), _MEDIA, BELIEVED, STAYS),
        "revoked": Behaviour(
            what="also names facility-ibw-1, or the sample certificate of its argument",
            outcome="that certificate is refused (VSB-TRUST-010)",
            answer=revoked,
            twin="good",
        ),
        "expired": row("gives a CRL whose nextUpdate has passed", stale, "ending", ends=-timedelta(hours=1)),
        "ending": row("gives a CRL that ends in ten minutes", BELIEVED, ends=timedelta(minutes=10)),
        "wrong-signer": row("gives a CRL in the issuer's name, signed by another", STAYS, "good", signed_by="other-issuing-ca"),
        "other-issuer": row("gives another issuer's CRL", STAYS, "good", signed_by="other-issuing-ca", named="other-issuing-ca"),
        "root-for-issuing": row(
            "gives the root's CRL in place of the issuing CA's", STAYS, "good", signed_by="root-ca", named="root-ca"
        ),
    }
