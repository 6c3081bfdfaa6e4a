"""The vendor's own program, called for each step; or a function, when the vendor is in this process."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

DONE, REFUSED, UNSUPPORTED = 0, 3, 4
"""Exit statuses: did it; does not believe the answer; can not do this."""
_REPORT = 100_000


@dataclass(frozen=True, kw_only=True)
class HookResult:
    """How the vendor's program ended."""

    status: int
    report: Mapping[str, Any] = field(default_factory=dict)
    """What it says of the answers: the last line of its output, as JSON."""
    output: str = ""
    """Its last words, for a person."""
    timed_out: bool = False


class Hook(Protocol):
    """Does what a step asks, and says how it went."""

    def __call__(self, step: Mapping[str, Any]) -> HookResult: ...


def called(hook: Hook, step: Mapping[str, Any]) -> HookResult:
    """How a hook ended, also when it is a function that fails."""
    try:
        return hook(step)
    except Exception as error:
        return HookResult(status=1, output=f"{type(error).__name__}: {error}")


@dataclass(frozen=True, kw_only=True)
class ProgramHook:
    """Any program: the step is JSON on its stdin, and in VSB_* variables.

    Args:
        command: program and arguments.
        timeout: seconds after which it is killed.
    """

    command: Sequence[str]
    timeout: float = 300

    @classmethod
    def parse(cls, text: str, timeout: float = 300) -> ProgramHook:
        """From one line, as a shell would split it.

        Raises:
            ValueError: it is empty or a quote is open.
        """
        command = tuple(shlex.split(text))
        if not command:
            raise ValueError("the hook is empty")
        return cls(command=command, timeout=timeout)

    def __call__(self, step: Mapping[str, Any]) -> HookResult:
        try:
            process = subprocess.Popen(  # noqa: S603 -- it is what the vendor asked for
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment(step)},
                start_new_session=True,
            )
        except OSError as error:
            return HookResult(status=127, output=f"{self.command[0]}: {error.strerror}")
        try:
            output, _ = process.communicate(json.dumps(step).encode(), timeout=self.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return HookResult(status=-9, output=_tail(output), timed_out=True)
        return HookResult(status=process.returncode, report=_report(output), output=_tail(output))


def environment(step: Mapping[str, Any]) -> dict[str, str]:
    """The step as environment variables, for programs that read no JSON."""
    first = step["messages"][0] if step["messages"] else {}
    return {
        "VSB_STEP": f"{step['scenario']}#{step['step']}",
        "VSB_SCENARIO": step["scenario"],
        "VSB_SESSION": step["session"],
        "VSB_ACTION": step["action"],
        "VSB_ENDPOINT": step["endpoint"],
        "VSB_CLOCK_NOW": step["clock"],
        "VSB_PILLAR": step["pijler"],
        "VSB_CERTIFICATE": step["certificate"],
        "VSB_PASSWORD": step["password"],
        "VSB_RIZIV": step["riziv"],
        "VSB_PERSON": first.get("person", ""),
        "VSB_KIND": first.get("kind") or "",
        "VSB_MESSAGE_XML": first.get("xml", ""),
        "VSB_TEXT": step["text"],
    }


def _tail(output: bytes) -> str:
    return output[-4000:].decode("utf-8", "replace").strip()


def _report(output: bytes) -> Mapping[str, Any]:
    for line in reversed(output[-_REPORT:].decode("utf-8", "replace").splitlines()):
        if line.strip().startswith("{"):
            try:
                found = json.loads(line)
            except ValueError:
                return {}
            return found if isinstance(found, dict) else {}
    return {}
