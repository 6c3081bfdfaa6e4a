"""`vsb-conformance peer`: a zorgkas, STS, CRL distribution point or OCSP responder that misbehaves on command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from conformance.peers.control import GOOD, UnknownBehaviour
from conformance.peers.kinds import PeerKind, peer
from gateway.observe import logs

console = Console()
_PORTS = {PeerKind.ZORGKAS: 8181, PeerKind.STS: 8182, PeerKind.CRL: 8183, PeerKind.OCSP: 8184}


def run_peer(
    kind: Annotated[PeerKind, typer.Argument(help="What it plays.")],
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8181, 8182, 8183 or 8184 if left out.")] = None,
    behaviour: Annotated[
        str, typer.Option(help="How it behaves at first: a name of --list, with an argument after a colon where it takes one.")
    ] = GOOD,
    times: Annotated[int | None, typer.Option(help="For so many requests only, then good.", min=1)] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    folder: Annotated[Path, typer.Option(file_okay=False, help="Where a zorgkas keeps what it takes.")] = Path("run/peer"),
    listed: Annotated[bool, typer.Option("--list", help="Show the behaviours of this peer, and stop.")] = False,
) -> None:
    """Run a peer that misbehaves on command: late, silent, wrong, revoked, rate-limited, an acknowledgement lost, and more.

    The behaviour can be changed while it runs: `curl -X PUT http://127.0.0.1:8181/control/lost?times=1`; GET /control tells what
    there is and what was asked. Every misbehaviour near a tolerance has a twin just inside it. docs/peers.md lists them all.
    """
    chosen = peer(kind, folder)
    if listed:
        table = Table()
        for column in ("behaviour", "it …", "what must come of it", "twin"):
            table.add_column(column, overflow="fold")
        for name, b in chosen.behaviours.items():
            table.add_row(name, b.what, b.outcome, b.twin)
        console.print(table, highlight=False)
        return
    try:
        chosen.choose(behaviour, times)
    except UnknownBehaviour as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    logs.configure("WARNING")
    where = f"http://{host}:{port or _PORTS[kind]}"
    console.print(f"{kind.value} at {where}, behaviour {behaviour}", highlight=False, soft_wrap=True)
    console.print(f"to change it: curl -X PUT {where}/control/BEHAVIOUR", highlight=False, soft_wrap=True)
    uvicorn.run(chosen, host=host, port=port or _PORTS[kind], log_config=None, access_log=False, http="h11", lifespan="off")
