"""A session on disk: its choices, what each scenario came to, and the traffic; it survives whatever happens to the process."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from conformance.client import Software
from conformance.evidence import TRAFFIC
from conformance.plan import SUITE_VERSION, Level, Scenario, digest
from conformance.sender.plans import sender_plan
from conformance.store import RecordError, load, save
from conformance.verdict import Override, Result, Run, Verdict

STATE = "session.json"
_ID = re.compile(r"[a-z]+-\d{8}-[0-9a-f]{6}")


class SessionError(RuntimeError):
    """A session that is not there, or can not be read."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a session was started with; a resumed one goes on with the same."""

    pijler: str
    klok: str = "systeem"
    """`volgt`: the vendor's software takes its time from the suite; `systeem`: both use the time of day."""
    hook: str = ""
    """Command line of the vendor's program; empty: a person drives the software."""
    host: str = "127.0.0.1"
    port: int = 8080
    page_port: int = 8081
    vendor: str = ""
    product: str = ""
    version: str = ""
    mask: bool = False
    patience: float = 30.0
    """Seconds of silence before the suite cuts the line."""
    late: float = 5.0
    """Seconds that a late answer takes."""
    quiet: float = 5.0
    """Seconds that the suite goes on watching after it saw what it asked for."""
    poll_seconds: float = 1.0
    step_timeout: float = 1800.0
    """Seconds that a person has for a step."""

    @property
    def software(self) -> Software | None:
        """The vendor's own package, attested for the session."""
        if not self.product:
            return None
        name = re.sub(r"[;\"\r\n]", " ", self.product).strip()
        return Software(
            naam=name, versie=self.version or "1.0", attest="VSB-TEST-0001", licentie="testpakket", wachtwoord="testpakket-demo"
        )


@dataclass(kw_only=True)
class Session:
    """One session; every change is on disk when `save` returns."""

    folder: Path
    options: Options
    run: Run
    references: dict[str, str] = field(default_factory=dict)
    """Message ids that were used, to the digest of their content."""
    current: str = ""
    """Scenario under way; the first to be done after a restart."""

    @property
    def evidence(self) -> Path:
        """Where the traffic is kept, all in one folder, as an attestation wants it."""
        return self.folder / TRAFFIC

    @property
    def texts(self) -> Path:
        """Where what passes and what came stand side by side."""
        return self.folder / "vergelijking"

    def plan(self) -> list[Scenario]:
        return sender_plan(self.options.pijler)

    def save(self) -> None:
        """Write the state whole or not at all."""
        save(self.run, self.folder)
        self.save_place()

    def save_place(self) -> None:
        """Write what is under way, which changes more often than the results."""
        data = {"options": asdict(self.options), "references": self.references, "current": self.current}
        write_whole(self.folder / STATE, json.dumps(data, ensure_ascii=False, indent=1).encode())

    def put(self, result: Result) -> None:
        """Keep a result in the order of the plan."""
        found = {**self.run.results, result.scenario: result}
        order = {s.id: n for n, s in enumerate(self.plan())}
        self.run.results = dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))
        self.save()

    def override(self, scenario: str, verdict: Verdict, by: str, comment: str) -> Result:
        """Judge a scenario in place of the suite; the report shows both.

        Raises:
            SessionError: it was not run, or no comment says why.
        """
        result = self.run.results.get(scenario)
        if result is None:
            raise SessionError(f"{scenario} is nog niet uitgevoerd")
        if not comment.strip() or not by.strip():
            raise SessionError("een oordeel van een mens vraagt een naam en een toelichting")
        made = Override(verdict=verdict, by=by.strip()[:120], comment=comment.strip()[:2000], at=utc())
        changed = Result(**{**result.__dict__, "override": made})
        self.put(changed)
        return changed

    def pending(self) -> list[Scenario]:
        """What has no result yet, the one that was under way first."""
        left = [s for s in self.plan() if s.id not in self.run.results]
        return sorted(left, key=lambda s: s.id != self.current)

    @property
    def passed(self) -> bool:
        """Whether every scenario that a vendor must pass is there and passes."""
        must = [s.id for s in self.plan() if s.niveau is Level.MUST]
        done = self.run.results
        return all(i in done and done[i].ok and done[i].verdict is not Verdict.SKIPPED for i in must)

    def clear(self, scenario: str) -> None:
        """Drop what an earlier time left."""
        for folder in (self.evidence, self.texts):
            for file in folder.glob(f"{stem(scenario)}.stap-*"):
                file.unlink()


def stem(scenario: str) -> str:
    """How the names of a scenario's files begin."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", scenario)


def utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def write_whole(path: Path, octets: bytes) -> None:
    """Replace a file so that a reader, or a crash, sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def new_session(root: Path, options: Options) -> Session:
    """Start a session in a folder of its own below `root`."""
    number = f"{options.pijler}-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"
    run = Run(
        id=number,
        role="afzender",
        pillar=options.pijler,
        suite=SUITE_VERSION,
        plan=digest(sender_plan(options.pijler)),
        started=utc(),
        vendor=options.vendor,
        product=options.product,
        version=options.version,
    )
    session = Session(folder=root / number, options=options, run=run)
    session.save()
    return session


def open_session(root: Path, number: str) -> Session:
    """A session as it was left.

    Raises:
        SessionError: there is none of that number, it can not be read, or it was made with another plan.
    """
    if not _ID.fullmatch(number):
        raise SessionError(f"{number!r} is geen sessienummer; vsb-conformance sessions toont ze")
    path = root / number / STATE
    try:
        session = _read(path)
    except FileNotFoundError:
        raise SessionError(f"er is geen sessie {number} in {root}; vsb-conformance sessions toont ze") from None
    except (ValueError, KeyError, TypeError, RecordError) as error:
        raise SessionError(f"{path} is geen leesbare sessie: {error}") from None
    if session.run.plan != digest(session.plan()):
        raise SessionError(f"sessie {number} hoort bij een ander plan (suite {session.run.suite}): begin een nieuwe")
    return session


def _read(path: Path) -> Session:
    data = json.loads(path.read_text(encoding="utf-8"))
    return Session(
        folder=path.parent,
        options=Options(**data["options"]),
        run=load(path.parent),
        references=dict(data["references"]),
        current=data["current"],
    )


def sessions(root: Path) -> Iterator[Session]:
    """Every readable session, newest first."""
    paths = sorted(root.glob(f"*/{STATE}"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in paths:
        try:
            yield _read(path)
        except (ValueError, KeyError, TypeError, RecordError):
            continue
