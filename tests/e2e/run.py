"""`make e2e`: the browser tests, and one line of counts in the end."""

from __future__ import annotations

import sys

import pytest


class _Count:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed += 1
        elif report.failed:
            self.failed += 1


def main() -> int:
    count = _Count()
    status = pytest.main(["tests/e2e", "-q", "--no-header", *sys.argv[1:]], plugins=[count])
    from tests.e2e.conftest import FINDINGS

    print(f"e2e: {count.passed} passed, {count.failed} failed, {len(FINDINGS)} serious axe findings")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
