"""The whole hostile corpus, one class after the other."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from tests.hostile.attacks import (
    algorithms,
    blobs,
    bombs,
    encodings,
    envelopes,
    http_requests,
    identity,
    keyinfo,
    references,
    replays,
    saml,
    signedinfo,
    splitting,
    tokens,
    wrapping,
    xades,
    xop,
    xxe,
)
from tests.hostile.case import Case

_MODULES: tuple[ModuleType, ...] = (
    xxe,
    bombs,
    encodings,
    splitting,
    envelopes,
    wrapping,
    references,
    signedinfo,
    algorithms,
    keyinfo,
    tokens,
    identity,
    blobs,
    xades,
    saml,
    xop,
    replays,
    http_requests,
)


def _of(module: ModuleType) -> list[Case]:
    name = module.__name__.rpartition(".")[2]
    return [replace(case, id=f"{name}/{case.id}") for case in module.CASES]


CORPUS: tuple[Case, ...] = tuple(case for module in _MODULES for case in _of(module))
