"""The session's page and its small HTTP API: the same state, for a person in a browser and for a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from conformance.plan import Scenario
from conformance.report import write_reports
from conformance.report.html import WORDS
from conformance.sender import view
from conformance.sender.guard import TOKEN_HEADER, Guard, allowed_hosts, same_token
from conformance.sender.session import SessionError
from conformance.sender.stage import WORDS as WORDS_OF_A_STEP
from conformance.sender.stage import Stage
from conformance.verdict import Verdict
from conformance.walkthrough import PASSWORD
from gateway.paths import data_dir

_HERE = Path(__file__).parent
_PAGES = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True
)
_MEDIA = {"sessie.css": "text/css", "sessie.js": "text/javascript", "icoon.svg": "image/svg+xml"}
_REPORTS = {
    "verslag.html": ("html", "text/html"),
    "junit.xml": ("junit", "text/plain"),
    "verslag.json": ("json", "application/json"),
}
_REPORT_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"}
"""The report is one file, its style inside; it runs no script, and is shut off from this origin."""


def page_app(stage: Stage, token: str, port: int) -> ASGIApp:
    """The application, for the loopback address only.

    Args:
        token: stands in the page's forms, and in X-VSB-Token of an order by program.
        port: where it listens, which its visitors must name.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_page(app, stage, token)
    _add_api(app, stage, token)
    _add_files(app, stage)
    return Guard(app, allowed_hosts(port))


def _scenario(stage: Stage, one: str) -> Scenario:
    found = next((s for s in stage.session.plan() if s.id == one), None)
    if found is None:
        raise HTTPException(404, "Dit scenario bestaat niet.")
    return found


def _add_page(app: FastAPI, stage: Stage, token: str) -> None:
    @app.get("/")
    def page(scenario: str = "") -> HTMLResponse:
        seen = view.overview(stage)
        chosen = scenario or seen["paused"] or ""
        shown = None if not chosen else view.detail(stage.session, _scenario(stage, chosen), stage.conductor.base)
        html = _PAGES.get_template("sessie.html").render(
            o=seen,
            families=view.families(stage.session),
            now=view.step_now(stage),
            shown=shown,
            hooked=stage.conductor.hook is not None,
            token=token,
            words={v.value: w for v, w in WORDS.items()},
            verdicts=[v.value for v in Verdict],
            password=PASSWORD,
        )
        return HTMLResponse(html)

    @app.post("/doe")
    async def order(request: Request) -> Response:
        fields = {k: v[0] for k, v in parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=20).items()}
        if not same_token(fields.get("token"), token):
            return PlainTextResponse("Deze opdracht hoort niet bij deze pagina: laad ze opnieuw.\n", status_code=403)
        one = fields.get("scenario", "")
        try:
            await run_in_threadpool(obey, stage, fields.get("opdracht", ""), one, fields)
        except SessionError as error:
            # The step may have ended while the person reached for the button: then there is only something new to see.
            if fields.get("opdracht") not in WORDS_OF_A_STEP:
                return PlainTextResponse(f"Dat kan niet: {error}.\n", status_code=409)
        # So that the page that is shown next has the step on it, also in a browser without scripts.
        await run_in_threadpool(stage.shown, 1.5)
        stay = fields.get("opdracht") == "oordeel"
        return RedirectResponse(f"/?scenario={quote(one)}" if stay and one else "/", status_code=303)


def obey(stage: Stage, word: str, one: str, fields: Mapping[str, str]) -> None:
    """Carry out one order.

    Raises:
        SessionError: it can not be.
    """
    orders: Mapping[str, Callable[[], object]] = {
        "alles": lambda: stage.start(),
        "start": lambda: stage.again(one),
        "opnieuw": lambda: stage.again(one),
        "stop": stage.hold,
        "klaar": lambda: stage.say("klaar"),
        "overslaan": lambda: stage.say("overslaan"),
        "oordeel": lambda: stage.override(one, fields.get("verdict", ""), fields.get("by", ""), fields.get("comment", "")),
    }
    if word not in orders:
        raise SessionError(f"{word[:40]!r} is geen opdracht; er zijn {', '.join(orders)}")
    orders[word]()


def _add_api(app: FastAPI, stage: Stage, token: str) -> None:
    @app.get("/api/session")
    def session() -> dict[str, Any]:
        return {**view.overview(stage), "step": view.step_now(stage)}

    @app.get("/api/version")
    def version() -> dict[str, int]:
        watch = stage.conductor.tap.watch
        seen = 0 if watch is None else sum(1 + a.done for a in list(watch.arrivals))
        return {"version": stage.conductor.version * 1000 + seen}

    @app.get("/api/scenarios")
    def scenarios() -> list[dict[str, Any]]:
        return [view.row(stage.session, s) for s in stage.session.plan()]

    @app.get("/api/results/{one:path}")
    def result(one: str) -> Any:
        _scenario(stage, one)
        return view.as_json(stage.session.run.results.get(one))

    @app.get("/api/report")
    def report() -> Any:
        return stage.session.run.as_json()

    @app.post("/api/orders/{word}")
    async def order(word: str, request: Request) -> Response:
        if not same_token(request.headers.get(TOKEN_HEADER), token):
            return JSONResponse({"error": f"{TOKEN_HEADER} ontbreekt of is verkeerd"}, status_code=403)
        try:
            fields = json.loads(await request.body() or b"{}")
            if not isinstance(fields, dict):
                raise ValueError("no object")
        except ValueError:
            return JSONResponse({"error": "de inhoud is geen JSON-object"}, status_code=400)
        texts = {str(k): str(v) for k, v in fields.items()}
        try:
            await run_in_threadpool(obey, stage, word, texts.get("scenario", ""), texts)
        except SessionError as error:
            return JSONResponse({"error": str(error)}, status_code=409)
        return JSONResponse(view.overview(stage))


def _add_files(app: FastAPI, stage: Stage) -> None:
    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in _MEDIA:
            raise HTTPException(404)
        return FileResponse(_HERE / "static" / name, media_type=_MEDIA[name])

    @app.get("/bewijs/{name}")
    def traffic(name: str) -> Response:
        found = view.evidence(stage.session, name)
        if found is None:
            raise HTTPException(404)
        return PlainTextResponse(found)

    @app.get("/verslag/{name}")
    def report(name: str) -> Response:
        if name not in _REPORTS:
            raise HTTPException(404)
        kind, media = _REPORTS[name]
        path = write_reports(stage.session.run, stage.session.folder)[kind]
        return FileResponse(path, media_type=media, headers=_REPORT_HEADERS)

    @app.get("/certificaat/{name}.p12")
    def certificate(name: str) -> Response:
        known = {p.stem for p in data_dir("certs-sample").glob("facility-*.p12")}
        if name not in known:
            raise HTTPException(404)
        path = data_dir("certs-sample") / f"{name}.p12"
        return FileResponse(path, media_type="application/x-pkcs12", filename=path.name)
