"""What the documentation says of the sample data is what the sample is."""

from __future__ import annotations

import re
from pathlib import Path

from conformance.berichten.sample_doc import PAGE, sample_page
from gateway.reference.voorbeeld import voorbeeldnamen

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_sample_data_is_up_to_date_and_names_what_examples_ask() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == sample_page()
    asked = {
        n for p in ROOT.glob("cookbooks/*/examples/*.xml") for n in re.findall(r"{{(?:insz|riziv|kbo|iban):(\w+)", p.read_text())
    }
    assert asked <= {*voorbeeldnamen().personen, *voorbeeldnamen().voorzieningen}
    assert {n for n in asked if f"`{n}`" not in page} == set()
    assert "`zorgsoft` / `zorgsoft-demo`" in page


def test_a_cookbook_counts_its_examples_right() -> None:
    for prose in ROOT.glob("cookbooks/*/cookbook.md"):
        told = re.search(r"(\d+) messages with the exact answer", prose.read_text(encoding="utf-8"))
        assert told is not None, prose
        assert int(told[1]) == len(list((prose.parent / "examples").glob("*.xml"))), prose
