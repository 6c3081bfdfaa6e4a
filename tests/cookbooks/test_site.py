"""The site of the cookbooks: no link leads nowhere, every paragraph and code has an anchor, every example its answer."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
from lxml import html

from gateway.cookbook.gaten import lees_voorbeelden
from gateway.cookbook.laden import load_cookbooks
from gateway.cookbook.site import site
from gateway.paths import data_dir
from gateway.refusal import Code
from tests.support import RunningGateway

ROOT = data_dir("cookbooks")
PILLARS = load_cookbooks(ROOT)


@pytest.fixture(scope="module")
def pages() -> Mapping[str, str]:
    return site(ROOT, PILLARS)


def drawn(pages: Mapping[str, str]) -> Mapping[str, html.HtmlElement]:
    return {name: html.fromstring(text) for name, text in pages.items() if name.endswith(".html")}


def test_no_link_of_the_site_leads_nowhere(pages: Mapping[str, str]) -> None:
    trees = drawn(pages)
    ids = {name: set(tree.xpath("//@id")) for name, tree in trees.items()}
    lost = []
    for name, tree in trees.items():
        for href in tree.xpath("//@href"):
            if re.match(r"https?://", href):
                continue
            path, _, anchor = href.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            if target not in pages or (anchor and anchor not in ids.get(target, ())):
                lost.append((name, href))
    assert lost == []


def test_an_id_stands_once_on_a_page(pages: Mapping[str, str]) -> None:
    for name, tree in drawn(pages).items():
        found = tree.xpath("//@id")
        assert len(found) == len(set(found)), name


@pytest.mark.parametrize("pijler", PILLARS)
def test_every_rule_paragraph_and_example_can_be_pointed_at(pages: Mapping[str, str], pijler: str) -> None:
    tree = html.fromstring(pages[f"{pijler}.html"])
    ids = set(tree.xpath("//@id"))
    assert {r.id for r in PILLARS[pijler].regels} <= ids
    prose = (ROOT / pijler / "cookbook.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## (\d+)\. ", prose, re.M)) | set(re.findall(r"^(?:\| )?(\d+\.\d+) ", prose, re.M)) <= ids
    stated, _ = lees_voorbeelden(ROOT / pijler)
    for one in stated:
        (article,) = tree.xpath(f'//article[@id="voorbeelden-{one.naam}"]')
        answer = article.xpath(".//dd")[1].text_content()
        assert one.verwacht in answer
        assert all(code in answer for code in one.codes)
        assert f"{pijler}/examples/{one.naam}.xml" in article.xpath(".//dd/a/@href")
    contents = tree.xpath('//nav[@aria-label="Inhoud"]//a/@href')
    assert {"#voorbeelden", "#1"} <= set(contents)


def test_every_refusal_has_its_place_and_a_wide_table_tells_each_cell_its_heading(pages: Mapping[str, str]) -> None:
    tree = html.fromstring(pages["eibwfin.html"])
    assert {c.info.code for c in Code} <= set(tree.xpath("//@id"))
    (row,) = tree.xpath('//tr[@id="VSB-BLOB-001"]')
    assert row.xpath("td/@data-kop")[-1].startswith("remedy")
    assert row.getparent().getparent().get("class") == "breed"


def test_the_pages_have_the_colours_of_the_console(pages: Mapping[str, str]) -> None:
    console = (Path(__file__).parents[2] / "gateway/console/static/stijl.css").read_text(encoding="utf-8")
    declared = set(re.findall(r"(--[\w-]+):", console))
    used = set(re.findall(r"var\((--[\w-]+)\)", pages["stijl.css"]))
    assert used <= declared
    assert {"--accent", "--vlak"} <= set(re.findall(r"(--[\w-]+):", pages["stijl.css"]))


def test_a_gateway_leads_from_its_address_to_what_there_is(gateway: RunningGateway) -> None:
    begin = requests.get(f"{gateway.base}/", timeout=30)
    assert begin.url == f"{gateway.base}/cookbooks/"
    for href in html.fromstring(begin.text).xpath("//main//@href"):
        if not href.startswith(("/console", "/api", "#")):
            there = requests.get(requests.compat.urljoin(begin.url, href), timeout=30)
            assert there.status_code == 200, href
    for path in (
        "/cookbooks/eibwfin/cookbook.toml",
        "/cookbooks/eibwfin/examples/start-els.xml",
        "/cookbooks/docs/sample-data.html",
        "/xsd/",
    ):
        assert requests.get(gateway.base + path, timeout=30).status_code == 200, path
