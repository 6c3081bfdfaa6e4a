"""A first, read-only console for whoever runs the gateway on their own machine: messages and the life of each."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import select

from gateway.diensten.kern import Gateway
from gateway.store import berichten, dossiers
from gateway.store.inhoud import in_archief
from gateway.store.tables import bericht, levering

PAGE = 50
_TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'self'", "Cache-Control": "no-store"}


def console_router(gateway: Gateway) -> APIRouter:
    """Routes below /console/; on only by VSB_CONSOLE, for the loopback address."""
    router = APIRouter(prefix="/console")

    @router.get("/")
    def overzicht(request: Request, voor: str = "~") -> HTMLResponse:
        # Message ids sort by time, so the last one shown is the key of the next page.
        query = select(bericht).where(bericht.c.id < voor).order_by(bericht.c.id.desc()).limit(PAGE)
        with gateway.store.reading() as conn:
            rows = conn.execute(query).all()
        context = {"rows": rows, "volgende": rows[-1].id if len(rows) == PAGE else None}
        return _TEMPLATES.TemplateResponse(request, "overzicht.html", context, headers=_HEADERS)

    @router.get("/berichten/{bericht_id}")
    def een_bericht(request: Request, bericht_id: str) -> HTMLResponse:
        with gateway.store.reading() as conn:
            row = berichten.zoek(conn, bericht_id)
            if row is None:
                return HTMLResponse("Niet gevonden.", status_code=404, headers=_HEADERS)
            context = {
                "row": row,
                "stappen": berichten.levensloop(conn, bericht_id),
                "beslissingen": dossiers.beslissingen(conn, bericht_id),
                "archief": in_archief(conn, bericht_id),
                "leveringen": conn.execute(
                    select(levering).where(levering.c.bericht_id == bericht_id).order_by(levering.c.id)
                ).all(),
            }
        return _TEMPLATES.TemplateResponse(request, "bericht.html", context, headers=_HEADERS)

    @router.get("/stijl.css")
    def stijl() -> HTMLResponse:
        return HTMLResponse((Path(__file__).parent / "stijl.css").read_text(), media_type="text/css")

    return router
