"""docs/sample-data.md, made from the sample itself: `python -m conformance.berichten.sample_doc` writes it anew."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from conformance.berichten.sample import others, sample_rows
from gateway.paths import data_dir
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS, voorbeeldnamen
from gateway.trust.sample_pki import list_sample_pki
from gateway.trust.sample_pki_plan import PASSWORD

PAGE = Path(__file__).parents[2] / "docs" / "sample-data.md"

_HEAD = """# The sample data

What `make run`, the examples of the cookbooks and the tests are about. **Everything is invented**: persons, facilities, numbers,
prices. Made by `python -m conformance.berichten.sample_doc` from `gateway/reference/sample/`; a test compares.

In the examples of a cookbook `{{insz:els}}` stands for the INSZ of els, `{{riziv:ibw1}}`, `{{kbo:ibw1}}` and `{{iban:ibw1}}`
for the numbers of facility ibw1, `{{vandaag-10}}` for a day, `{{nu}}` for the moment of sending, `{{id}}` for a fresh
BerichtId; each `examples.toml` tells the rest. `{jaar}` below is the year in which the sample is loaded."""

_NOTES = {
    "bert": "changes zorgkas on 1 January",
    "mia": "died",
    "lena": "not affiliated: a start is refused with VSB_STATUS_002",
    "tom": "can not be affiliated: VSB_STATUS_003",
    "omar": "affiliated of office (administratief)",
}


def sample_page() -> str:
    """The whole page, in Markdown."""
    return "\n\n".join([_HEAD, *_persons(), *_facilities(), *_software(), *_zorgkassen(), *_accounts()]) + "\n"


def _persons() -> list[str]:
    known = {row["insz"]: row for row in sample_rows("personen")}
    rows = [
        (f"`{name}`", f"`{insz}`", f"{known[insz]['voornaam']} {known[insz]['naam']}", known[insz]["geboortedatum"],
         _insured(insz), _NOTES.get(name, ""))
        for name, insz in voorbeeldnamen().personen.items()
    ]  # fmt: skip
    text = (
        f"{len(others())} more persons have no short name and are affiliated too; `vsb-conformance sign aanvraag` takes the next "
        "one each time. `make run` starts stays for els, piet, griet, wout, nele, omar and sofie: a second start for them is "
        "refused (IBW_START_105). A person whom nobody used yet: roos, finn, leen, karim, marie or jan."
    )
    return ["## Persons", _table(("name", "INSZ", "person", "born", "zorgkas, on which days", "good to know"), rows), text]


def _insured(insz: str) -> str:
    found = [
        f"{row['zorgkas']}{' from ' + row['van'] if row['tot'] or row['van'].startswith('{') else ''}"
        f"{' to ' + row['tot'] if row['tot'] else ''}"
        for row in sample_rows("aansluitingen")
        if row["insz"] == insz
    ]
    return ", then ".join(found) or "none"


def _facilities() -> list[str]:
    listed = [c for c in list_sample_pki(data_dir("certs-sample")) if c.name.startswith("facility-")]
    certificates = {(c.identity or "").rpartition("=")[2]: c.name for c in reversed(listed)}
    known, rows = {row["riziv"]: row for row in sample_rows("voorzieningen")}, []
    for name, riziv in voorbeeldnamen().voorzieningen.items():
        row = known[riziv]
        pillars = ", ".join(r["pijler"] for r in sample_rows("erkenningen") if r["riziv"] == riziv)
        rows.append(
            (
                f"`{name}`",
                f"`{riziv}`",
                row["naam"],
                pillars,
                f"`{certificates[riziv[:8]]}`",
                f"`{row['kbo']}`",
                f"`{row['iban']}`",
            )
        )
    mandates = "; ".join(
        f"`{r['gemachtigde_riziv']}` may send for `{r['voorziening_riziv']}` in {r['pijler']}" for r in sample_rows("mandaten")
    )
    return [
        "## Facilities",
        _table(("name", "RIZIV number", "facility", "pillar", "certificate", "KBO number", "IBAN"), rows),
        f"The certificates are `certs-sample/<name>.p12`, password `{PASSWORD}`; [certs-sample](../certs-sample/README.md) lists "
        f"all of them, also those that must be refused. Each facility has a circle-of-trust declaration. Mandate: {mandates}.",
    ]


def _software() -> list[str]:
    licences = voorbeeldnamen().licenties
    rows = [
        (f"`{r['nummer']}`", r["product"], f"{r['versie_van']} to {r['versie_tot']}", r["pijlers"].replace(",", ", "), _state(r),
         f"`{r['licentie_gebruiker']}` / `{licences[r['licentie_gebruiker']]}`")
        for r in sample_rows("attesten")
    ]  # fmt: skip
    return [
        "## Software: attests and licences",
        _table(("attest", "product", "versions", "pillars", "state", "licence: user / password"), rows),
        "An aanvraag and a question name the attest (Hoofding/Afzender/Software: Naam, Versie, Attest). A post names the licence "
        "(Origin/Package/License: Username, Password), and with it the attest.",
    ]


def _state(row: dict[str, str]) -> str:
    return "suspended" if row["geschorst"] == "ja" else f"ended {row['tot']}" if row["tot"] else "good"


def _zorgkassen() -> list[str]:
    rows = [
        (f"`{r['code']}`", r["naam"], f"`{r['kbo']}`", f"`zorgkas-{r['code']}`", r["levering"]) for r in sample_rows("zorgkassen")
    ]
    return ["## Zorgkassen", _table(("code", "name", "KBO number", "certificate", "gets its messages by"), rows)]


def _accounts() -> list[str]:
    accounts = tomllib.loads(SAMPLE_ACCOUNTS.read_text(encoding="utf-8"))["account"]
    rows = [(f"`{a['naam']}`", ", ".join(a["rollen"]), ", ".join(_bound_to(a))) for a in accounts]
    return ["## Accounts of the console and the API", f"All with password `{PASSWORD}`.", _table(("account", "role", "of"), rows)]


def _bound_to(account: dict[str, Any]) -> list[str]:
    zorgkas = account.get("zorgkas")
    return [*([zorgkas] if zorgkas else []), *account.get("voorzieningen", []), *account.get("attesten", [])]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    Path(PAGE).write_text(sample_page(), encoding="utf-8")
