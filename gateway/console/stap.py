"""Start a step of an import in a process of its own, and tell when it broke off."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import structlog

from gateway.diensten.kern import Gateway
from gateway.reference import invoer

log = structlog.get_logger("import")


def start_stap(gateway: Gateway, invoer_id: str, door: str) -> None:
    """Begin, and return at once; the state of the import tells how it goes on."""
    environment = {
        **os.environ,
        "VSB_DATABASE_URL": gateway.settings.database_url,
        "VSB_IMPORTS": str(gateway.settings.imports.absolute()),
    }
    opdracht = [sys.executable, "-m", "gateway", "reference", "step", invoer_id, f"--actor={door}"]
    process = subprocess.Popen(  # noqa: S603
        opdracht, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    threading.Thread(target=_wacht, args=(gateway, invoer_id, process), daemon=True).start()


def _wacht(gateway: Gateway, invoer_id: str, process: subprocess.Popen[str]) -> None:
    _, gezegd = process.communicate()
    if process.returncode:
        log.error("import_step_failed", id=invoer_id, status=process.returncode)
        laatste = next((r for r in reversed(gezegd.splitlines()) if r.strip()), "")
        invoer.mislukt(gateway.store, invoer_id, laatste if len(laatste) < 200 else "", gateway.clock())
