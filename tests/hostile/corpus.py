"""The whole hostile corpus, one class after the other."""

from __future__ import annotations

from tests.hostile.attacks import keyinfo, tokens
from tests.hostile.case import Case

_MODULES = (keyinfo, tokens)
CORPUS: tuple[Case, ...] = tuple(case for module in _MODULES for case in module.CASES)
