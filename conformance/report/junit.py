"""JUnit XML, as GitLab, Jenkins and GitHub's actions read it: a suite for each family, a case for each scenario."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from lxml import etree
from lxml.etree import _Element as Element

from conformance.verdict import Result, Run, Verdict
from gateway.wire.build import veilig


def write_junit(run: Run, path: Path) -> Path:
    """Write the file; a result that a person must look at counts as skipped, with the reason."""
    results = sorted(run.results.values(), key=lambda r: r.family)
    root = etree.Element("testsuites", name=f"vsb-conformance {run.role} {run.pillar}", tests=str(len(results)))
    root.set("failures", str(sum(not r.ok for r in results)))
    for family, part in groupby(results, key=lambda r: r.family):
        _suite(root, run, family, list(part))
    path.parent.mkdir(parents=True, exist_ok=True)
    etree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return path


def _suite(root: Element, run: Run, family: str, results: list[Result]) -> None:
    suite = etree.SubElement(root, "testsuite", name=family, tests=str(len(results)))
    suite.set("failures", str(sum(_failed(r) for r in results)))
    suite.set("skipped", str(sum(_skipped(r) is not None for r in results)))
    suite.set("time", f"{sum(r.seconds for r in results):.3f}")
    known = {
        "sessie": run.id,
        "suite": run.suite,
        "plan": run.plan,
        "doel": run.target,
        "product": f"{run.product} {run.version}",
    }
    properties = etree.SubElement(suite, "properties")
    for name, value in known.items():
        etree.SubElement(properties, "property", name=name, value=veilig(value))
    for result in results:
        _case(suite, run, result)


def _case(suite: Element, run: Run, result: Result) -> None:
    case = etree.SubElement(suite, "testcase", name=f"{result.scenario}: {result.title}", time=f"{result.seconds:.3f}")
    case.set("classname", f"vsb.{run.role}.{result.pillar}")
    if _failed(result):
        wrong = [c for c in result.checks if c.verdict is Verdict.FAIL]
        first = wrong[0].name if wrong else "beoordeeld door een persoon"
        failure = etree.SubElement(case, "failure", message=veilig(first), type=result.verdict.value)
        failure.text = veilig("\n".join(f"{c.name}: verwacht {c.expected}, gekregen {c.got} ({c.where})" for c in wrong))
    elif (why := _skipped(result)) is not None:
        etree.SubElement(case, "skipped", message=veilig(why))
    if notes := [c for c in result.checks if c.verdict is Verdict.WARNING]:
        text = "\n".join(f"waarschuwing: {c.name}: verwacht {c.expected}, gekregen {c.got}" for c in notes)
        etree.SubElement(case, "system-out").text = veilig(text)


def _failed(result: Result) -> bool:
    return result.verdict is Verdict.FAIL and not result.expected_failure


def _skipped(result: Result) -> str | None:
    if result.expected_failure:
        return f"verwacht: {result.expected_failure}"
    if result.verdict in (Verdict.SKIPPED, Verdict.REVIEW):
        return next((c.got for c in result.checks if c.verdict is result.verdict), result.verdict.value)
    return None
