"""Servers for tests: over a session without Lean, or over the real one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prover.server.app import Server, background
from prover.server.guard import ServeSettings
from prover.server.service import Service


def _load(name: str) -> Any:
    """A module beside this one; the import mode of the suite puts no folder on the path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stub() -> Any:
    """A session without Lean; its knobs may be turned before it is used."""
    return _load("stub_session").StubSession()


@pytest.fixture
def make_server(stub: Any, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers over the stub; stopped at the end."""
    made: list[Server] = []

    def make(**settings: Any) -> Server:
        folders = {"runs": tmp_path / "runs", "state": tmp_path / "state"}
        server = Server(Service(stub), ServeSettings(**{"port": 0, "grace_s": 0.3, **folders, **settings}))
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def address(make_server: Callable[..., Server]) -> Iterator[str]:
    """A server over the stub, listening."""
    with background(make_server()) as at:
        yield at


@pytest.fixture(scope="session")
def lean_service() -> Iterator[Service]:
    """The real thing: one warm Lean, and an auditor."""
    from prover.server.session import Session

    service = Service(Session(workers=1))
    yield service
    service.close()


@pytest.fixture
def lean_address(lean_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with real Lean, listening."""
    monkeypatch.setattr(lean_service, "close", lambda: None)  # others use it after this one
    settings = ServeSettings(port=0, running=2, grace_s=0.3, runs=tmp_path / "runs", state=tmp_path / "state")
    with background(Server(lean_service, settings)) as at:
        yield at
