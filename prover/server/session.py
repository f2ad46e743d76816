"""What an editor, an agent or a page asks: goals at a place, suggestions, proofs, checks. Every answer comes from Lean.

A session keeps Lean processes warm and lends them to requests (reading.py). `proved` is said with the audit's word only, by a
process that no request has touched.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

from prover.audit import outcome as audit
from prover.audit.auditor import SharedAuditor, TheoremVerdict, auditor_for
from prover.audit.outcome import Candidate, Failure
from prover.errors import DataError
from prover.lean.embedded.worker import EMBEDDED, LeanWorker
from prover.lean.engine import Backend
from prover.lean.holes import Hole, NoPlace, hole_at
from prover.lean.positions import Places, Position
from prover.policy.neural.default import default_policy
from prover.policy.premises import Premise, PremiseIndex
from prover.prove.batch import run_one
from prover.prove.evaluator import ViewPolicy
from prover.prove.item import BatchSettings, Item
from prover.prove.premises import EMBEDDED_LEAN, LazyPremises, load_or_build
from prover.prove.theorem import SearchSettings
from prover.server.answers import Edit, GoalsAt, Proof, Waiting, applied, proof_of, settled
from prover.server.completion import Inside, Prefix, candidates, statements, stating
from prover.server.pool import Lease
from prover.server.reading import (
    MAX_TEXT_BYTES,
    TACTIC_S,
    WAIT_S,
    How,
    Opened,
    Reader,
    Unaudited,
    alone,
    whole,
)
from prover.server.suggest import Suggester, Suggestion, ranked
from search.export import to_json
from search.types import Proposal

Expanded = Callable[[int, Callable[[], dict[str, Any]]], None]
"""Told of a search after each expansion: their number, and a way to have its tree in the schema of docs/architecture.md."""
LOOKED_FOR = 8
"""So many suggestions are found before the best of them are given, be fewer asked for."""


class Session(Reader):
    """A reader of texts that suggests, proves and checks, too; may be used by many threads.

    Args:
        workers: Lean processes that work, each on one request at a time.
        memory_mb: ceiling of each.
        policy: offers tactics; None takes the default one with retrieval.
        audit: keep an auditor (one more process, started when first needed); without it nothing is ever proved.
        tactic_s: seconds for a single suggested tactic; Lean's own deterministic limit (`HEARTBEATS`) comes first as a rule.
        model: whether the default policy asks the model that ships, where there is one.
        spares, backend: see `Reader`.
    """

    def __init__(
        self,
        workers: int = 2,
        memory_mb: int | None = None,
        policy: ViewPolicy | None = None,
        audit: bool = True,
        tactic_s: float = TACTIC_S,
        model: bool = True,
        spares: int | None = None,
        backend: Backend = EMBEDDED,
    ) -> None:
        self._premises = LazyPremises()
        self._index: PremiseIndex | None = None
        self._index_lock = threading.Lock()
        self.uses_model = model
        self._policy = policy or default_policy(self._premises, model)
        self._audits = audit
        self._auditor: SharedAuditor | None = None
        self._auditor_lock = threading.Lock()
        super().__init__(workers, memory_mb, tactic_s, spares, backend)

    @property
    def lean(self) -> str:
        """The Lean that answers."""
        return getattr(self.backend, "lean", EMBEDDED_LEAN)

    def start_audit(self) -> None:
        """Starts the auditor ahead of the first proof."""
        if self._audits:
            self._judge()

    def close(self) -> None:
        """Ends all processes; requests under way fail."""
        super().close()
        with self._auditor_lock:
            if self._auditor is not None:
                self._auditor.interrupt()
                self._auditor.close()
                self._auditor = None

    # ------------------------------------------------------------------ questions

    def suggester(self, here: Opened) -> Suggester:
        """What tries tactics at a place."""
        file_context = here.lease.worker.file_context(here.dojo.entry)
        warm = here.lease.worker.is_warm(here.dojo.entry.file.modules)
        return Suggester(here.dojo, self._policy, file_context, self._named, searches=warm)

    def suggest_at(
        self, text: str, line: int, column: int, limit: int = 8, timeout_s: float = 5.0,
        on_suggestion: Callable[[Suggestion], None] = lambda _: None, **how: Unpack[How],
    ) -> tuple[GoalsAt, list[Suggestion]]:  # fmt: skip
        """The goals at a place, and tactics for it, each tried in Lean; best first. See `goals`.

        Args:
            limit: at most so many.
            timeout_s: seconds of trying, from when the goals are known.
            on_suggestion: told of each as soon as it is found, in the order of trial.
        """
        found: list[Suggestion] = []
        with self.opened(text, line, column, **how) as here:
            if here.at.goals:
                wanted = max(limit, LOOKED_FOR)
                for suggestion in self.suggester(here).run(here.state, wanted, timeout_s, here.lease.cancel.is_set):
                    found.append(suggestion)
                    on_suggestion(suggestion)
            here.lease.check()
        return here.at, ranked(found, len(here.at.goals))[:limit]

    def complete_at(
        self, text: str, line: int, column: int, prefix: str, limit: int = 8, timeout_s: float = 5.0, **how: Unpack[How]
    ) -> tuple[GoalsAt, list[Suggestion]]:
        """The goals at a place, and tactics that begin with a prefix, whatever it is; see `suggest_at`.

        A prefix of several lines is continued from the place that it leads to.
        """
        for head, tail in Prefix.heads(prefix):
            placed = head.placed(text, line, column)
            if placed is None:
                continue
            with suppress(DataError):  # Lean does not come to this place, or no tactic can stand there
                half_s = timeout_s / 2
                found = (
                    self._completed(*placed, tail, limit, half_s, **how) if tail
                    else self.suggest_at(*placed, limit, half_s, **how)
                )[1]  # fmt: skip
                wholes = [Proposal(w, s.log_prob, s.proposer) for s in found for w in head.wholes(s.tactic)]
                with self._trying(text, line, column, half_s, **how) as (here, over):
                    taken = list(self.suggester(here).of(here.state, wholes, max(limit, LOOKED_FOR), partial(over, 1)))
                if taken:
                    return here.at, ranked(taken, len(here.at.goals))[:limit]
        return self._completed(text, line, column, prefix, limit, timeout_s, **how)

    @contextmanager
    def _trying(
        self, text: str, line: int, column: int, timeout_s: float, **how: Unpack[How]
    ) -> Iterator[tuple[Opened, Callable[[float], bool]]]:
        """A place, and whether so much of the time for it is over, which begins when it is open."""
        with self.opened(text, line, column, **how) as here:
            began = time.monotonic()
            yield here, lambda part: here.lease.cancel.is_set() or time.monotonic() > began + part * timeout_s
            here.lease.check()

    def _completed(
        self, text: str, line: int, column: int, prefix: str, limit: int, timeout_s: float, **how: Unpack[How]
    ) -> tuple[GoalsAt, list[Suggestion]]:
        """See `complete_at`, for a prefix that is the beginning of one tactic."""
        parts = Prefix.of(prefix)
        found: list[Suggestion] = []
        inside = self._inside(text, line, column, parts, **how)
        with self._trying(text, line, column, timeout_s, **how) as (here, over):
            if here.at.goals:
                suggester = self.suggester(here)
                goal, offers = suggester.offers(here.state)
                whole = candidates(parts, goal, offers, inside)
                making = partial(over, 0.5)  # what was made is run in the rest
                whole += suggester.tupled(here.state, parts, making)
                if (opening := stating(parts)) is not None:
                    stated = statements(parts, goal, offers, suggester.left(here.state, offers, making))
                    whole += suggester.stated(here.state, opening, stated, making)
                found = list(suggester.of(here.state, whole, max(limit, LOOKED_FOR), partial(over, 1)))
        return here.at, ranked(found, len(here.at.goals))[:limit]

    def _inside(self, text: str, line: int, column: int, prefix: Prefix, **how: Unpack[How]) -> Inside | None:
        """What is wanted where a prefix ends, when Lean comes to it."""
        placed = prefix.placed(text, line, column)
        if placed is None:
            return None
        try:
            with self.opened(*placed, **how) as here:
                goal, offers = self.suggester(here).offers(here.state)
                return Inside(here.at.hole.is_term, goal, offers)
        except DataError:
            return None

    # ------------------------------------------------------------------ proofs

    def prove(
        self, text: str, where: str | Position, settings: SearchSettings | None = None,
        on_expansion: Expanded | None = None, **how: Unpack[How],
    ) -> Proof:  # fmt: skip
        """Searches for a proof; its status is `cancelled` when the answer is not wanted any more.

        Args:
            text: the file.
            where: a theorem's name (its whole proof is searched for) or a place (the rest of the proof there).
            settings: budgets.
            on_expansion: told after each one.

        Raises:
            DataError: no such theorem or place, or the text cannot be read.
            Busy: no Lean came free.
        """
        if isinstance(where, str):
            self.document(text, **how).to_prove(where)
        with self._reading(text, **how) as (lease, file):
            hole = (
                whole(lease.worker, file, where) if isinstance(where, str)
                else hole_at(lease.worker, file, where.line, where.column, lease.cancel.is_set)
            )  # fmt: skip
            lease.check()
            places = Places(file.text)
            start, end = (places.position(places.at_byte(offset)) for offset in hole.proof_span)
            target = alone(lease.worker, hole)
            found = self._search(lease, target, settings or SearchSettings(), on_expansion)
        return proof_of(hole, found, start, end)

    def place_to_prove(self, text: str, place: Position, **how: Unpack[How]) -> str | Position:
        """What `prove` is to be asked when the cursor is at a place: the theorem around it, or a place in its proof.

        Raises NoPlace when nothing there waits for a proof.
        """
        waiting = self.document(text, **how).at(place.line)
        if waiting is None:
            raise NoPlace(f"{how.get('path') or 'the text'}:{place.line + 1}: no theorem here waits for a proof")
        if waiting.kind == "sorry":
            return waiting.name
        if waiting.kind == "partial":
            behind = [p for p in waiting.places if (p.line, p.column + len("sorry")) >= (place.line, place.column)]
            return behind[0] if behind else waiting.places[-1]
        try:
            self.goals(text, place.line, place.column, **how)
        except DataError:
            return waiting.places[-1]
        return place

    def prove_all(
        self, text: str, settings: SearchSettings | None = None,
        on_theorem: Callable[[int, int, Waiting, Proof | None], None] = lambda *_: None, **how: Unpack[How],
    ) -> list[Proof]:  # fmt: skip
        """Every waiting theorem of a text, one after the other, each as the text stands; the edits do not overlap.

        Args:
            on_theorem: told number, total, theorem, and None before the search or its proof after it.
        """
        document = self.document(text, **how)
        cancelled = how.get("cancelled", lambda: False)
        proofs: list[Proof] = []
        for number, waiting in enumerate(document.waiting, start=1):
            if cancelled():
                break
            on_theorem(number, len(document.waiting), waiting, None)
            try:
                proof = self.prove_waiting(text, waiting, settings, **how)
            except DataError as error:
                proof = Proof(waiting.name, "error", Failure(str(error), status="error"), None, str(error))
            proofs.append(proof)
            on_theorem(number, len(document.waiting), waiting, proof)
        return settled(proofs)

    def prove_waiting(
        self, text: str, waiting: Waiting, settings: SearchSettings | None, on_expansion: Expanded | None = None,
        **how: Unpack[How],
    ) -> Proof:  # fmt: skip
        """The places of a half-written proof one by one, the last first; other proofs as a whole."""
        if waiting.kind != "partial":
            return self.prove(text, waiting.name, settings, on_expansion, **how)
        now = text
        for place in reversed(waiting.places):
            proof = self.prove(now, place, settings, on_expansion, **how)
            if proof.edit is None:
                return proof
            now = applied(now, [proof.edit])
        start, end = Edit(waiting.start, waiting.end, "").span(text)
        return replace(proof, edit=Edit(waiting.start, waiting.end, now[start : len(now) - (len(text) - end)]))

    def judged(self, here: Opened, candidate: Candidate) -> audit.Proof | audit.Refusal | Candidate:
        """What becomes of tactics at a place; what Lean takes without an audit, or beside other `sorry`, stays a candidate."""
        target = alone(here.lease.worker, here.at.hole)
        if self._audits and target.others == 0:
            return audit.audited(self._judge(), target, candidate)
        verdict = Unaudited(here.lease.worker)(target, candidate.proof)
        return candidate if verdict.accepted else audit.Refusal(candidate, verdict.reason or "refused")

    def judge(self, stated: str, submission: str, allow_disproof: bool = False) -> list[TheoremVerdict]:
        """The audit's verdicts on whether one text proves what another states; see `Auditor.audit_files`."""
        for text in (stated, submission):
            if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
                raise DataError(f"a text has more than {MAX_TEXT_BYTES} bytes; `proofsmith check` takes larger files")
        return self._judge().judge(stated, submission, allow_disproof=allow_disproof)

    def premises(self, query: str, limit: int = 20) -> list[Premise]:
        """The library's theorems that fit a goal, or whose names hold the query; best first.

        The first call on a machine reads the library (some 20 s).
        """
        return [premise for premise, _ in self._library().look_up(query, limit)]

    # ------------------------------------------------------------------ below

    def _search(
        self, lease: Lease, target: Hole, settings: SearchSettings, on_expansion: Expanded | None
    ) -> audit.Proof | Candidate | Failure:
        def told(graph: Any, node: Any) -> None:
            if lease.asked():
                lease.cancel.set()
            if on_expansion is not None:
                on_expansion(graph.expansions, lambda: to_json(graph))

        item = Item(target.name, target, str(target.file.path or "text"))
        alone = self._audits and target.others == 0
        return run_one(
            item, self._policy, BatchSettings(settings, memory_mb=self.memory_mb), lease.worker,
            self._judge() if alone else None, lease.cancel, on_expansion=told,
            accepts=None if alone else Unaudited(lease.worker),
        )  # fmt: skip

    def _judge(self) -> SharedAuditor:
        with self._auditor_lock:
            if self._auditor is None:
                self._auditor = auditor_for(self.backend, self.memory_mb)
                threading.Thread(target=self._auditor.start, name="auditor start", daemon=True).start()
            return self._auditor

    def _library(self) -> PremiseIndex:
        with self._index_lock:
            if self._index is None:
                with self._pool.lease(WAIT_S) as lease:
                    if isinstance(lease.worker, LeanWorker):
                        self._index = load_or_build(lease.worker, progress=lambda _: None)
                if self._index is None:  # a project's own library is not indexed: the core library has to do
                    with LeanWorker() as worker:
                        self._index = load_or_build(worker, progress=lambda _: None)
                self._premises.offer(self._index)
            return self._index

    def _named(self, name: str) -> bool:
        return "." in name and (self._index is None or name in self._names())

    def _names(self) -> frozenset[str]:
        if not hasattr(self, "_known_names"):
            assert self._index is not None
            self._known_names = frozenset(name for name, _ in self._index.entries)
        return self._known_names
