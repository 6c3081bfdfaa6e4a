"""`make cookbooks`: every example of every pillar through a real server, each against the answer that it states."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from pathlib import Path

from tests.cookbooks.test_examples import COOKBOOKS, send_all
from tests.support import running_gateway


def main() -> int:
    """Exit status 0 when every example gets its answer."""
    examples = failed = 0
    for folder in COOKBOOKS:
        data = tomllib.loads((folder / "examples/examples.toml").read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory(prefix="vsb-cookbook-") as name, running_gateway(Path(name) / "g") as gateway:
            wrong = [f"  {what}" for what in send_all(gateway, f"{folder.name}/voorbeelden", Path(name) / "run")]
        print(f"{folder.name}: {len(data['voorbeeld'])} examples, {len(wrong)} failed", *wrong, sep="\n", flush=True)
        examples, failed = examples + len(data["voorbeeld"]), failed + len(wrong)
    print(f"cookbooks: {len(COOKBOOKS)} pillars, {examples} examples, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
