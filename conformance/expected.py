"""Known deviations: scenarios that may fail, each with a reason; an entry that no longer fires fails the run."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from conformance.verdict import Run, Verdict


class ExpectedError(ValueError):
    """The file can not be used; the text names the file and what is wrong."""


def load_expected(path: Path) -> dict[str, str]:
    """Scenario id to the reason why it may fail.

    Raises:
        ExpectedError: not TOML, a key too many or too few, an empty reason, or an id twice.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ExpectedError(f"{path}: {error}") from error
    found: dict[str, str] = {}
    for entry in data.get("verwacht", ()):
        if set(entry) != {"scenario", "reden"} or not str(entry["reden"]).strip():
            raise ExpectedError(f"{path}: each [[verwacht]] has a scenario and a reden, and nothing else: {entry}")
        if entry["scenario"] in found:
            raise ExpectedError(f"{path}: {entry['scenario']} stands twice")
        found[entry["scenario"]] = str(entry["reden"])
    return found


def apply_expected(run: Run, expected: dict[str, str]) -> list[str]:
    """Mark the failures that were expected.

    Returns:
        What is wrong with the entries: a scenario that passed, or that the run does not have.
    """
    stale = []
    for scenario, reason in expected.items():
        result = run.results.get(scenario)
        if result is None:
            stale.append(f"{scenario}: dit scenario is niet in deze sessie")
        elif result.verdict is not Verdict.FAIL:
            stale.append(f"{scenario}: mislukt niet meer, schrap de regel ({reason})")
        else:
            run.results[scenario] = replace(result, expected_failure=reason)
    return stale
