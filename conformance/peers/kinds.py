"""Which peers there are, and the page that tells what each can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from conformance.peers import crl, ocsp, sts, zorgkas
from conformance.peers.control import Behaviour, Peer


class PeerKind(StrEnum):
    """A program that a central application, or a sender, talks with."""

    ZORGKAS = "zorgkas"
    STS = "sts"
    CRL = "crl"
    OCSP = "ocsp"


def behaviours(kind: PeerKind, folder: Path = Path("run/peer")) -> Mapping[str, Behaviour]:
    """Name to behaviour, of one kind.

    Args:
        folder: where a zorgkas keeps what it takes.
    """
    match kind:
        case PeerKind.ZORGKAS:
            return zorgkas.behaviours(folder)
        case PeerKind.STS:
            return sts.behaviours()
        case PeerKind.CRL:
            return crl.behaviours()
        case PeerKind.OCSP:
            return ocsp.behaviours()


def peer(kind: PeerKind, folder: Path = Path("run/peer")) -> Peer:
    """A peer that behaves well until it is told otherwise."""
    return Peer(behaviours=behaviours(kind, folder))


_HOW = {
    PeerKind.ZORGKAS: "Push to `http://127.0.0.1:<port>/zorgkas/<code>`: `vsb-gateway reference sample --push-base "
    "http://127.0.0.1:<port>`.",
    PeerKind.STS: "At the addresses of `vsb-conformance sts`; the gateway believes the sample's with "
    "`VSB_STS_CERTIFICATES=certs-sample/sts.pem`.",
    PeerKind.CRL: "At `/issuing-ca.crl` and `/root-ca.crl`: `VSB_CRLS=[]` and "
    '`VSB_CRL_URLS={"http://127.0.0.1:<port>/issuing-ca.crl": "run/issuing-ca.crl", …}`.',
    PeerKind.OCSP: 'At any path: `VSB_OCSP_RESPONDERS={"*": "http://127.0.0.1:<port>/"}`.',
}
_INTRO = """# Peers that misbehave on command

A central application talks with zorgkassen, an STS, CRL distribution points and OCSP responders, and each of them fails some day.
These play that day: one peer, one misbehaviour, and what must come of it. Behind most stands a twin that is just inside the
tolerance: who refuses the one must still take the other.

```
vsb-conformance peer zorgkas --port 8181 --behaviour lost
curl -X PUT 'http://127.0.0.1:8181/control/rate-limited?times=2'     # the next two requests, then good again
curl http://127.0.0.1:8181/control                                   # what can be chosen, what is, what was asked
```

What follows a colon is an argument: `slow:20` waits twenty seconds, `revoked:facility-ibw-2` names another certificate.
"""


def page() -> str:
    """docs/peers.md."""
    return _INTRO + "".join(f"\n{line}" for kind in PeerKind for line in _part(kind)) + "\n"


def _part(kind: PeerKind) -> Iterator[str]:
    yield f"## {kind.value}"
    yield ""
    yield _HOW[kind]
    yield ""
    yield "| behaviour | it … | what must come of it | twin |"
    yield "|---|---|---|---|"
    for name, b in behaviours(kind).items():
        yield f"| `{name}` | {b.what} | {b.outcome} | {f'`{b.twin}`' if b.twin else ''} |"
    yield ""
