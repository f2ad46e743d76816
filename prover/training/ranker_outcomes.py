"""What became of tactics on states: the data that the tactic ranker learns from.

Each theorem is searched for a few expansions by the symbolic policy, and on each state that the search visits all its offers
are run, not only those up to the first that closes the goal. On a state that a cheap closer closes, only closers are run: a
search gets further only where they fail. One line a theorem goes to the journal; theorems that it has are not tried again.

    {"id": …, "proved": …, "states": [{"state", "stage", "closed", "features": […],
                                       "offers": [[template, prior, counted, outcome, ms], …]}]}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lean_dojo import LeanError, ProofFinished, TacticState

from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import Mixture, Offer, View
from prover.policy.closers import CHEAP
from prover.policy.ranker import features
from prover.prove.item import Item
from prover.prove.theorem import SearchSettings, find_candidate
from search.types import Proposal

FAILED, WENT_ON, CLOSED, ON_PROOF = range(4)
"""An offer failed, or left the state as it was; left other goals; closed the goal; left goals that were then proved."""
CLOSERS = frozenset(tactic for tactic, _ in CHEAP)
EXPANSIONS = 8
LEAN_S = 12.0
TACTIC_TIMEOUT_S = 10.0
"""By the clock; what it takes of a processor is what is kept."""
LONGEST_STATE = 2000


@dataclass
class _Watched:
    """A policy that keeps what it offered on each state, with each offer's log-probability before any counting."""

    policy: Mixture
    offers: dict[tuple[str, int], tuple[list[str], dict[str, tuple[Offer, float]]]] = field(default_factory=dict)

    @property
    def members(self) -> Sequence[Any]:
        return self.policy.members

    def propose(self, view: View) -> list[Proposal]:
        prior: dict[str, Offer] = {}
        for _, _, offer in self.policy.offers(view):
            if offer.template and (offer.tactic not in prior or offer.log_prob > prior[offer.tactic].log_prob):
                prior[offer.tactic] = offer
        found = self.policy.propose(view)
        kept = {p.tactic: (prior[p.tactic], p.log_prob) for p in found if p.tactic in prior}
        self.offers[view.pp, view.stage] = features(view), kept
        return found


class _Thorough(Dojo):
    """A Dojo that runs what stands behind a tactic that closed the goal, too, and keeps each outcome."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ran: dict[tuple[str, str], tuple[int, float]] = {}

    def run_tacs(self, state: TacticState, tactics: Sequence[str], stop_when_done: bool = False) -> list[Any]:
        results: dict[str, Any] = {}
        closers = [t for t in tactics if is_closer(t)]
        for group in (closers, [t for t in tactics if t not in closers]):
            if group and not any(isinstance(r, ProofFinished) for r in results.values()):
                results |= zip(group, super().run_tacs(state, group), strict=True)
        for tactic, result in results.items():
            outcome = FAILED
            if isinstance(result, ProofFinished):
                outcome = CLOSED
            elif isinstance(result, TacticState) and all(part.pp != state.pp for part in self.parts(result)):
                outcome = WENT_ON
            self.ran[state.pp, tactic] = outcome, self.tactic_ms.get((state.id, tactic), 1000 * self.timeout)
        return [results.get(tactic, LeanError("was not run")) for tactic in tactics]


def is_closer(tactic: str) -> bool:
    """Whether a tactic is one of those that every state meets first."""
    return tactic in CLOSERS or tactic.startswith("decide")


def gather(items: Iterable[Item], policy: Mixture, journal: Path, say: Callable[[str], None], memory_mb: int = 3000) -> int:
    """Tries theorems that the journal does not have yet and appends a line for each.

    Returns how many lines it has then. Raises LeanSetupError when Lean cannot be had; what was tried before is kept.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    if journal.exists() and (content := journal.read_bytes()) and not content.endswith(b"\n"):
        journal.write_bytes(content[: content.rfind(b"\n") + 1])  # a line that was cut short
    known = {row["id"] for row in read_journal(journal)} if journal.exists() else set()
    with LeanWorker(memory_mb) as worker, journal.open("a", encoding="utf-8") as out:
        for item in items:
            if item.id in known:
                continue
            try:
                row = _outcomes(worker, item, policy)
            except LeanSetupError:
                raise
            except (LeanProcessError, DataError) as error:
                say(f"{item.id}: left out, {error}")
                row = {"id": item.id, "proved": False, "states": []}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            out.flush()
            known.add(item.id)
            say(f"{len(known)}: {item.id}: {len(row['states'])} states{', proved' if row['proved'] else ''}")
            worker.recycle_if_big()
    return len(known)


def _outcomes(worker: LeanWorker, item: Item, policy: Mixture) -> dict[str, Any]:
    watched = _Watched(policy)
    worker.prepare(item.target)
    dojo = _Thorough(item.target, worker, TACTIC_TIMEOUT_S)
    settings = SearchSettings(None, EXPANSIONS, refute=False, lean_s=LEAN_S)
    found = find_candidate(dojo, watched, settings, worker.file_context(item.target), minimised=False)
    tree = found.effort.tree or {"nodes": [], "edges": []}
    closed = {node["state"] for node in tree["nodes"] if node["status"] == "closed"}
    ids = {node["id"]: node["state"] for node in tree["nodes"]}
    led = {(ids[e["parent"]], e["tactic"]) for e in tree["edges"] if e["status"] == "closed" and e["children"]}
    states = []
    for (pp, stage), (named, offers) in watched.offers.items():
        rows = []
        for tactic, (offer, counted) in offers.items():
            if (pp, tactic) in dojo.ran:
                outcome, milliseconds = dojo.ran[pp, tactic]
                outcome = ON_PROOF if outcome == WENT_ON and (pp, tactic) in led else outcome
                rows.append([offer.template, round(offer.log_prob, 3), round(counted, 3), outcome, round(milliseconds, 1)])
        states.append({"state": pp[:LONGEST_STATE], "stage": stage, "closed": pp in closed, "features": named, "offers": rows})
    return {"id": item.id, "proved": ids.get(tree.get("root", -1)) in closed, "states": states}


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal; a last one that was cut short is left out. Raises DataError for what is none."""
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")  # other line ends stand inside texts
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the outcomes {path}: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            found.append({"id": row["id"], "proved": row["proved"], "states": row["states"]})
        except (ValueError, KeyError, TypeError) as error:
            if number < len(lines):
                raise DataError(f"{path}, line {number}: no outcomes of a theorem ({error!r})") from error
    return found
