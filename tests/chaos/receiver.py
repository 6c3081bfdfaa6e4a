"""A zorgkas that is pushed to and misbehaves: late, twice, half an answer, 500, or none at all; what it keeps it keeps durably.

Run as a process: python -m tests.chaos.receiver PORT FOLDER SEED. It behaves once FOLDER/calm exists.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from conformance.receiver import Receiver
from conformance.walkthrough import sample_signer
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.trust.chain import load_trust_store
from gateway.trust.identity import read_identity
from gateway.trust.revocation import RevocationMode

BEHAVIOURS = {"well": 60, "late": 12, "lost": 8, "half": 8, "refused": 10, "silent": 2}
"""How often each, in a hundred. All but `refused` and `silent` keep the message first."""


class Chaotic:
    """An ASGI application; it writes what arrived, and how it answered, to FOLDER/arrivals.jsonl."""

    def __init__(self, folder: Path, seed: int) -> None:
        certs = data_dir("certs-sample")
        self._folder, self._random = folder, Random(seed)
        self._receiver = Receiver(
            folder=folder,
            trust=load_trust_store(certs / "ca-bundle.pem", [certs / "crl/issuing-ca.crl"], RevocationMode.GRACE),
            sender=read_identity(sample_signer("gateway").certificate).label,
            signer_of=lambda code: sample_signer(f"zorgkas-{code}"),
        )
        self._arrivals = (folder / "arrivals.jsonl").open("a", encoding="utf-8", buffering=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one push in one of the ways."""
        if scope["type"] != "http":
            return
        raw = b""
        while (event := await receive()).get("more_body") or event["type"] == "http.request":
            raw += event.get("body", b"")
            if not event.get("more_body"):
                break
        code, begin = str(scope["path"]).rpartition("/")[2], time.time()
        how = "well" if (self._folder / "calm").exists() else self._random.choices(*zip(*BEHAVIOURS.items(), strict=True))[0]
        if how == "silent":
            self._note(code, None, how, begin)
            await asyncio.sleep(40)
            return
        if how == "refused":
            self._note(code, None, how, begin)
            await _answer(send, 500, b"out of order")
            return
        try:
            answer = await run_in_threadpool(self._receiver.receive, code, raw)
        except Refusal as refusal:
            again = refusal.code is Code.ID_REUSED
            self._note(code, refusal.findings[0].found if again else None, "conflict" if again else refusal.code.name, begin)
            await _answer(send, 500, refusal.code.info.code.encode())
            return
        self._note(code, _message_id(answer), how, begin)
        if how == "late":
            await asyncio.sleep(self._random.uniform(0.5, 3))
        if how in ("lost", "half"):
            part = answer[: len(answer) // 2] if how == "half" else b""
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
            await send({"type": "http.response.body", "body": part, "more_body": True})
            # The rest never comes: uvicorn closes the line on an answer that stays short.
            return
        await _answer(send, 200, answer)

    def _note(self, code: str, message_id: str | None, how: str, begin: float) -> None:
        line: dict[str, Any] = {"kas": code, "id": message_id, "how": how, "at": begin, "kept": time.time()}
        self._arrivals.write(json.dumps(line) + "\n")


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _message_id(answer: bytes) -> str:
    return answer.partition(b'Reference="')[2].partition(b'"')[0].decode()


if __name__ == "__main__":
    uvicorn.run(Chaotic(Path(sys.argv[2]), int(sys.argv[3])), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
