"""Puts one fault in the reference receiver of a zorgkas: a function by the name of its mutant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import uvicorn

from conformance.walkthrough import sample_signer
from conformance.zorgkas.receiver import Receiver, receiver_app
from gateway.paths import data_dir
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode
from gateway.trust.signing import Signer

INGREPEN: dict[str, Callable[[], None]] = {}


def ingreep(work: Callable[[], None]) -> Callable[[], None]:
    INGREPEN[work.__name__.replace("_", "-")] = work
    return work


def serve(name: str, folder: Path, port: int) -> None:
    """The reference receiver with the fault of a name in it; `echt` has none."""
    certs = data_dir("certs-sample")
    trust = load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE)
    sender = read_identity(sample_signer("gateway").certificate).label
    app = receiver_app(Receiver(folder=folder, trust=trust, sender=sender, signer_of=lambda code: SIGNERS[0](code)))
    INGREPEN.get(name, lambda: None)()
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


def own_signer(code: str) -> Signer | None:
    return sample_signer(f"zorgkas-{code}")


SIGNERS: list[Callable[[str], Signer | None]] = [own_signer]
"""Who signs the receipts; an intervention puts another in the place of the first."""
