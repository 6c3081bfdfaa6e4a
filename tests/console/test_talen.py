"""Every text of the screens has its English, and no template trusts what a message says."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.console import talen
from gateway.console.routes import alle_schermen
from gateway.console.talen import Taal

CONSOLE = Path(talen.__file__).parent
_TEXT = re.compile(r"""(?<![\w.])(?:vraag\.|v\.)?t\(\s*(?:"((?:[^"\\]|\\.)+)"|'([^']+)')""")


def texts() -> dict[str, str]:
    """Dutch texts by the file that says them."""
    found: dict[str, str] = {}
    for path in [*CONSOLE.rglob("*.html"), *CONSOLE.rglob("*.py")]:
        for match in _TEXT.finditer(path.read_text(encoding="utf-8")):
            found.setdefault(match[1] or match[2], path.name)
    return found | {s.menu.titel: "menu" for s in alle_schermen() if s.menu is not None}


def test_every_text_of_a_screen_has_its_english() -> None:
    assert {text: where for text, where in texts().items() if text not in talen.engels()} == {}


def test_a_translation_fills_in_the_same_names() -> None:
    names = {nl: (set(re.findall(r"{(\w+)}", nl)), set(re.findall(r"{(\w+)}", en))) for nl, en in talen.engels().items()}
    assert {nl for nl, (mine, theirs) in names.items() if mine != theirs} == set()


def test_one_thing_is_one_in_both_languages() -> None:
    assert talen.vertaal(Taal.NL, "{n} berichten", n=1) == "1 bericht"
    assert talen.vertaal(Taal.EN, "{n} berichten", n="1") == "1 message"
    assert talen.vertaal(Taal.EN, "{n} berichten", n=2) == "2 messages"
    for more, one in talen._EEN.items():
        assert {more, one} <= set(talen.engels()), more
        assert talen.engels()[more] != talen.engels()[one]


def test_no_template_trusts_what_is_stored() -> None:
    trusting = re.compile(r"\|\s*safe|autoescape\s+false|Markup|\sstyle=|\son[a-z]+=|<script(?! src=)")
    assert {p.name for p in CONSOLE.rglob("*.html") if trusting.search(p.read_text(encoding="utf-8"))} == set()
