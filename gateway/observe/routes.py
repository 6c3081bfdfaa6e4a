"""/healthz (alive), /readyz (can it work), /metrics (Prometheus)."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from gateway.diensten.kern import Gateway
from gateway.observe import metrics
from gateway.observe.gezondheid import bewaking_van, klaar
from gateway.observe.stand import StandCollector


def observe_router(gateway: Gateway) -> APIRouter:
    """The three addresses that machines look at."""
    router = APIRouter()
    beloften = {pijler: cookbook.belofte for pijler, cookbook in gateway.cookbooks.items()}
    collector = StandCollector(gateway.store, bewaking_van(gateway), gateway.clock, beloften)

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        parts = await run_in_threadpool(klaar, gateway)
        ready = all(problem is None for problem in parts.values())
        shown = {name: "in orde" if problem is None else problem for name, problem in parts.items()}
        return JSONResponse({"klaar": ready, "delen": shown}, status_code=200 if ready else 503)

    @router.get("/metrics")
    async def prometheus() -> Response:
        return Response(await run_in_threadpool(metrics.render, collector), media_type=metrics.CONTENT_TYPE)

    return router
