"""Shared fixtures: one gateway for the tests that only send, and a way to start others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support import RunningGateway, running_gateway


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with the sample data, shared by the whole run."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def start_gateway(tmp_path: Path) -> Callable[..., AbstractContextManager[RunningGateway]]:
    """Start a gateway of one's own: `with start_gateway(VSB_SIGN_RESPONSES="true") as g`."""

    def start(**env: str) -> AbstractContextManager[RunningGateway]:
        return running_gateway(tmp_path / "gateway", **env)

    return start
