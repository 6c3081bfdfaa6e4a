"""The README says what is true."""

from __future__ import annotations

from pathlib import Path

from gateway.commands.settings import settings_table

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_readme_carries_every_setting_as_it_is() -> None:
    assert settings_table() in README
