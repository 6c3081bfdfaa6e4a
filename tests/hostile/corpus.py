"""The whole hostile corpus, one class after the other."""

from __future__ import annotations

from tests.hostile.attacks import http_requests
from tests.hostile.case import Case

_MODULES = (http_requests,)
CORPUS: tuple[Case, ...] = tuple(case for module in _MODULES for case in module.CASES)
