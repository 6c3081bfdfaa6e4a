"""Prose in Markdown as part of a page: anchors on paragraphs and codes, contents, tables that fold, links that arrive."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

Adres = Callable[[str], str | None]
"""From a file of the checkout, as cookbooks/eibwfin/cookbook.md, to where the site has it; None: nowhere."""
_PARAGRAAF = re.compile(r"(\d+(?:\.\d+)+)(?= |$)")
_KOP = re.compile(r"(\d+)\. ")
_CODE = re.compile(r"[A-Z0-9]+(?:[_-][A-Z0-9]+)+|\d{6}")
_BREED = 5
"""Columns from which a table folds on a narrow screen."""
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, kw_only=True)
class Proza:
    """A text, drawn."""

    titel: str
    inhoud: tuple[tuple[str, str], ...]
    """Anchor and words of each heading of the second rank."""
    html: Markup
    ankers: frozenset[str]


def teken(tekst: str, bron: str, adres: Adres) -> Proza:
    """Args:
    bron: path of the text in the checkout, from which its links start.
    """
    tokens = _MARKDOWN.parse("\n".join(line for line in tekst.splitlines() if not line.startswith("<!--")))
    koppen: list[tuple[str, str]] = []
    ankers: set[str] = set()
    titel = ""
    for eerste, tweede in pairwise(tokens):
        if tweede.type != "inline":
            continue
        if eerste.type == "heading_open" and eerste.tag == "h1":
            titel = titel or _woorden(tweede)
        elif eerste.type == "heading_open" and eerste.tag == "h2":
            kop = _KOP.match(tweede.content)
            anker = _zet(eerste, ankers, kop[1] if kop else _als_anker(_woorden(tweede)))
            koppen.append((anker or "", _woorden(tweede)))
        elif eerste.type == "paragraph_open" and (nummer := _PARAGRAAF.match(tweede.content)):
            _zet(eerste, ankers, nummer[1])
        tweede.children = _met_links(tweede.children or [], bron, adres)
    _tabellen(tokens, ankers)
    html = Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704 — raw HTML in the prose is escaped
    return Proza(titel=titel, inhoud=tuple(koppen), html=html, ankers=frozenset(ankers))


def _zet(token: Token, ankers: set[str], naam: str) -> str | None:
    """Give an element an id, once in a page."""
    if naam in ankers:
        return None
    ankers.add(naam)
    token.attrSet("id", naam)
    return naam


def _tabellen(tokens: Sequence[Token], ankers: set[str]) -> None:
    """A row that begins with a paragraph's number or a code is an anchor; a cell knows its heading, for where the table folds."""
    kop: list[str] = []
    tabel = rij = None
    kolom = 0
    for token, volgende in pairwise(tokens):
        match token.type:
            case "table_open":
                tabel, kop = token, []
            case "tr_open":
                rij, kolom = token, 0
            case "th_open":
                kop.append(_woorden(volgende))
                if tabel is not None and len(kop) >= _BREED:
                    tabel.attrSet("class", "breed")
            case "td_open":
                token.attrSet("data-kop", kop[kolom] if kolom < len(kop) else "")
                if kolom == 0 and rij is not None and (naam := _nummer_of_code(volgende)):
                    _zet(rij, ankers, naam)
                kolom += 1


def _nummer_of_code(cel: Token) -> str | None:
    kinderen = cel.children or []
    if len(kinderen) == 1 and kinderen[0].type == "code_inline" and _CODE.fullmatch(kinderen[0].content):
        return str(kinderen[0].content)
    return cel.content if _PARAGRAAF.fullmatch(cel.content) else None


def _met_links(kinderen: Sequence[Token], bron: str, adres: Adres) -> list[Token]:
    """Links as the site has them; of one that leads nowhere only the words stay."""
    gevonden, weg = [], 0
    for kind in kinderen:
        if kind.type == "image":
            continue
        if kind.type == "link_open":
            doel = _doel(str(kind.attrGet("href") or ""), bron, adres)
            if doel is None:
                weg += 1
                continue
            kind.attrSet("href", doel)
        elif kind.type == "link_close" and weg:
            weg -= 1
            continue
        gevonden.append(kind)
    return gevonden


def _doel(href: str, bron: str, adres: Adres) -> str | None:
    if href.startswith(("https://", "http://", "#")):
        return href
    pad, _, anker = href.partition("#")
    gevonden = adres(posixpath.normpath(posixpath.join(posixpath.dirname(bron), pad)))
    if gevonden is None or not anker:
        return gevonden
    return f"{gevonden.partition('#')[0]}#{anker}"


def _woorden(inline: Token) -> str:
    return "".join(k.content for k in inline.children or () if k.type in ("text", "code_inline"))


def _als_anker(tekst: str) -> str:
    return re.sub(r"\W+", "-", tekst.lower()).strip("-")
