"""Puts one fault in the running gateway: a function by the name of its mutant changes what the gateway's modules call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway import app
from gateway.refusal import Code, Refusal

INGREPEN: dict[str, Callable[[], None]] = {}
FAR = timedelta(days=36_500)


def ingreep(work: Callable[[], None]) -> Callable[[], None]:
    INGREPEN[work.__name__.replace("_", "-")] = work
    return work


def put(module: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put in the place of a function what is made of it."""
    setattr(module, name, make(getattr(module, name)))


def nothing(*_: Any, **__: Any) -> None:
    return None


def without_rule(name: str) -> None:
    def make(load: Any) -> Any:
        def wrapped(*arguments: Any) -> Mapping[str, Any]:
            books = load(*arguments)
            return {k: replace(b, regels=tuple(r for r in b.regels if r.id != name)) for k, b in books.items()}

        return wrapped

    put(app, "load_cookbooks", make)


def unless(*codes: Code) -> Callable[[Any], Any]:
    """A check that lets some refusals pass."""

    def make(check: Any) -> Any:
        def wrapped(*arguments: Any, **rest: Any) -> Any:
            try:
                return check(*arguments, **rest)
            except Refusal as refusal:
                if refusal.code not in codes:
                    raise
                return None

        return wrapped

    return make
