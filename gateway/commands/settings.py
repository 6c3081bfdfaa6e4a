"""`vsb-gateway settings`: every setting, its default and what it does."""

from __future__ import annotations

import typer
from pydantic_core import PydanticUndefined

from gateway.paths import data_dir
from gateway.settings import Settings


def settings_table() -> str:
    """A Markdown table of all settings; the README carries it and a test compares."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        factory = field.default_factory
        default = field.default if field.default is not PydanticUndefined else factory() if factory is not None else None  # type: ignore[call-arg]
        rows.append(f"| `VSB_{name.upper()}` | {_shown(default)} | {field.description} |")
    return "\n".join(rows)


def _shown(value: object) -> str:
    root = str(data_dir("cookbooks").parent)
    if value in (None, "", {}):
        return "none"
    if isinstance(value, list):
        return ", ".join(_shown(v) for v in value)
    return f"`{str(getattr(value, 'value', value)).replace(root + '/', '')}`"


def settings() -> None:
    """Show every setting: the environment variable, its default, what it does."""
    typer.echo(settings_table())
