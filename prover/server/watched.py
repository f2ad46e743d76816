"""A search for a server's client: its tree while it grows, its result as an edit of the text."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from prover.lean.positions import Places
from prover.server import wire
from prover.server.answers import Edit, Proof
from prover.server.jobs import Live

TREE_PAUSE_S = 0.4


class GrowingTree:
    """A search's tree, put together from what the session tells, and passed on a few times a second."""

    def __init__(self, live: Live, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._clock = clock
        self._nodes: dict[int, dict[str, Any]] = {}
        self._edges: dict[int, dict[str, Any]] = {}
        self._began = clock()
        self._passed_on = -TREE_PAUSE_S

    def told(self, event: Mapping[str, Any]) -> None:
        """Takes over one event of `Session.prove`."""
        self._nodes.update({node["id"]: node for node in event["nodes"]})
        self._edges.update({edge["id"]: edge for edge in event["edges"]})
        now = self._clock()
        if now - self._passed_on < TREE_PAUSE_S:
            return
        self._passed_on = now
        tree = {"root": min(self._nodes), "nodes": list(self._nodes.values()), "edges": list(self._edges.values())}
        progress = {
            "expansions": event["expansion"], "nodes": len(self._nodes), "tactics_run": len(self._edges),
            "seconds": round(now - self._began, 1),
        }  # fmt: skip
        self._live.note(progress, tree)


def result_of(proof: Proof, text: str) -> dict[str, Any]:
    """A finished search as a job's result."""
    result: dict[str, Any] = {
        "theorem": proof.name,
        "status": proof.status,
        "proof": proof.tactics,
        "reason": proof.reason,
        "seconds": round(proof.effort.seconds, 2),
        "expansions": proof.effort.expansions,
        "tactics_run": proof.effort.tactics_run,
        "axioms": list(proof.axioms),
        "depends_on": list(proof.depends_on),
        "tree": proof.effort.tree,
    }
    if proof.disproof is not None:
        result["disproof"] = proof.disproof.noted()
    if proof.edit is not None:
        places = Places(text)
        edit = edit_body(proof.edit, places)
        result["edit"] = edit.model_dump()
        result["text"] = text[: edit.start] + edit.text + text[edit.end :]
    return result


def edit_body(edit: Edit, places: Places) -> wire.EditBody:
    """An edit in characters."""
    start = places.character(edit.start.line, edit.start.column)
    end = places.character(edit.end.line, edit.end.column)
    assert start is not None and end is not None
    return wire.EditBody(start=start, end=end, text=edit.new_text)
