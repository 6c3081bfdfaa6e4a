"""Faults in the receipts, and in what is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from lxml.etree import _Element as Element

from conformance.zorgkas import receiver as reference
from conformance.zorgkas.receiver import Receiver
from gateway.refusal import Code, Refusal
from gateway.trust.signing import Signer, sign_envelope
from gateway.wire.blob import deflate
from gateway.wire.generic import read_post
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds, parse
from tests.mutants.server.ingreep import nothing, put
from tests.mutants.zorgkas.ingreep import SIGNERS, ingreep, own_signer


@ingreep
def unsigned_receipt() -> None:
    SIGNERS[0] = nothing


@ingreep
def receipt_by_another() -> None:
    SIGNERS[0] = lambda code: own_signer("380" if code != "380" else "280")


@ingreep
def timestamp_only() -> None:
    def signed(envelope: Element, signer: Signer, now: Any) -> Element:
        sign_envelope(envelope, signer, now, parts=("Timestamp", "BinarySecurityToken"))
        return envelope

    put(reference, "_signed", lambda _: signed)


def _answer(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    put(reference, "write_post_response", lambda write: lambda **given: write(**change(given)))


@ingreep
def tack_over_packed() -> None:
    _answer(lambda given: {**given, "request": type(given["request"]).plain(deflate(given["request"].whole()))})


@ingreep
def wrong_applies_to() -> None:
    _answer(lambda given: {**given, "input_reference": "0"})


@ingreep
def one_reference() -> None:
    _answer(lambda given: {**given, "reference": "ONTVANGEN"})


# Once and only once.


def _keep(work: Callable[[Path, str, bytes], None]) -> None:
    def keep(self: Receiver, code: str, message_id: str, content: bytes) -> None:
        folder = self.folder / code
        folder.mkdir(parents=True, exist_ok=True)
        work(folder, message_id, content)

    put(Receiver, "_keep", lambda _: keep)


@ingreep
def keeps_nothing() -> None:
    put(Receiver, "_keep", lambda _: nothing)


@ingreep
def keeps_each() -> None:
    _keep(lambda folder, message_id, content: _new(folder, message_id, content))
    _answer(lambda given: {**given, "reference": uuid4().hex})


def _new(folder: Path, message_id: str, content: bytes) -> None:
    place = folder / uuid4().hex
    place.mkdir()
    (place / f"{message_id}.xml").write_bytes(content)


@ingreep
def repeat_is_an_error() -> None:
    def keep(folder: Path, message_id: str, content: bytes) -> None:
        if (target := folder / f"{message_id}.xml").exists():
            raise Refusal(Code.ID_REUSED, place="MessageId")
        target.write_bytes(content)

    _keep(keep)


@ingreep
def race() -> None:
    def keep(folder: Path, message_id: str, content: bytes) -> None:
        if not list(folder.rglob(f"{message_id}.xml")):
            time.sleep(0.3)
            _new(folder, message_id, content)

    _keep(keep)


@ingreep
def overwrites() -> None:
    _keep(lambda folder, message_id, content: _write(folder / f"{message_id}.xml", content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@ingreep
def keeps_what_it_refuses() -> None:
    def make(receive: Any) -> Any:
        def wrapped(self: Receiver, code: str, raw: bytes) -> bytes:
            root = parse(raw, Bounds(octets=1 << 26, markup=5_000_000))
            post = read_post(next(root.iter(q(GENERIC_ASYNC, "post"))), max_blob=1 << 26)
            content = post.blob.content.whole()
            self._keep(code, self._address(content)[0], content)
            return bytes(receive(self, code, raw))

        return wrapped

    put(Receiver, "receive", make)
