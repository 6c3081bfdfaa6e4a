"""`make cookbooks`: every example of every pillar through a real server, each against the answer that it states."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from pathlib import Path

from gateway.berichten.voorbeelden import render
from tests.cookbooks.test_examples import COOKBOOKS, amount, send, values
from tests.support import running_gateway


def main() -> int:
    """Exit status 0 when every example gets its answer."""
    examples = failed = 0
    for folder in COOKBOOKS:
        data = tomllib.loads((folder / "examples/examples.toml").read_text(encoding="utf-8"))
        wrong = []
        with tempfile.TemporaryDirectory(prefix="vsb-cookbook-") as name, running_gateway(Path(name) / "g") as gateway:
            answered: dict[str, str] = {}
            for example in data["voorbeeld"]:
                raw = (folder / "examples" / f"{example['naam']}.xml").read_text(encoding="utf-8")
                text = render(raw, gateway.today(), values(gateway, answered), {"bedrag": lambda q, g=gateway: amount(g, q)})
                got = send(gateway, example, text, example.get("certificaat", data["certificaat"]), answered)
                if got != (example["verwacht"], example["codes"]):
                    wrong.append(f"  {example['naam']}: expected {example['verwacht']} {example['codes']}, got {got}")
        print(f"{folder.name}: {len(data['voorbeeld'])} examples, {len(wrong)} failed", *wrong, sep="\n", flush=True)
        examples, failed = examples + len(data["voorbeeld"]), failed + len(wrong)
    print(f"cookbooks: {len(COOKBOOKS)} pillars, {examples} examples, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
