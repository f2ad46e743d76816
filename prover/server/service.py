"""What the HTTP and MCP servers answer, and what a job of searching does, over one session of warm Leans.

Lines count from 1 here and columns from 0 in characters, as in `prover.server.wire`; the session counts both from 0.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psutil

from prover.audit.trust import FAULTS, kernel
from prover.errors import DataError
from prover.lean.commands import header, split
from prover.lean.context import FileContext
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.positions import Position
from prover.lean.states import goals_of, tactic_state
from prover.policy.neural.default import default_policy
from prover.prove.environment import SearchState, view_of
from prover.prove.evaluator import ViewPolicy
from prover.prove.report.tree import Limits, prune
from prover.prove.theorem import SearchSettings
from prover.server import wire
from prover.server.answers import Document, Edit, GoalsAt, Proof, Waiting
from prover.server.jobs import Live
from prover.server.pool import Limit, Readiness
from prover.server.session import Expanded, Session
from prover.server.state_text import GoalSource, as_theorem, at_last_line
from prover.server.suggest import Suggestion

TREE_PAUSE_S = 0.4
UNCHECKED = "Lean could not be given this goal from its text alone: these tactics have not been tried"
JOB_WAIT_S = 3600.0
PICTURE = Limits(nodes=250, failures=25, state_chars=4000, error_chars=400)
NONE = FileContext()
Cancelled = Callable[[], bool]


def _passed_on(live: Live) -> Expanded:
    """Passes a search's progress and tree on a few times a second."""
    began = time.monotonic()
    last = -TREE_PAUSE_S

    def told(expansions: int, tree: Callable[[], dict[str, Any]]) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= TREE_PAUSE_S:
            last, grown = now, tree()
            sizes = {"expansions": expansions, "nodes": len(grown["nodes"]), "tactics_run": len(grown["edges"])}
            live.note({**sizes, "seconds": round(now - began, 1)}, grown)

    return told


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
        edit = edit_body(proof.edit, text)
        result["edit"] = edit.model_dump()
        result["text"] = text[: edit.start] + edit.text + text[edit.end :]
    return result


def edit_body(edit: Edit, text: str) -> wire.EditBody:
    """An edit in characters."""
    start, end = edit.span(text)
    return wire.EditBody(start=start, end=end, text=edit.new_text)


class Service:
    """Answers; may be used by many threads.

    Args:
        session: closed with the service.
        policy: offers tactics for goals that Lean could not be given.
    """

    def __init__(self, session: Session, policy: ViewPolicy | None = None) -> None:
        self.session = session
        self._policy = policy or default_policy(model=session.uses_model, first_stage=0)

    @property
    def lean(self) -> str:
        """The version of the Lean that answers."""
        return self.session.lean

    @property
    def readiness(self) -> Readiness:
        """Whether Lean waits for work, and what it does instead."""
        return self.session.readiness

    def memory_mb(self) -> int:
        """Memory of this process and its Leans."""
        process = psutil.Process()
        total = process.memory_info().rss
        for child in process.children(recursive=True):
            try:
                total += child.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return int(total / (1 << 20))

    def close(self) -> None:
        """Ends all processes."""
        self.session.close()

    # ------------------------------------------------------------------ our own protocol

    def document(self, body: wire.DocumentRequest, cancelled: Cancelled) -> wire.DocumentReply:
        """The theorems of a file that wait for a proof."""
        found = self.session.document(body.text, cancelled=cancelled, within=Limit(body.timeout_s))
        theorems = [
            wire.TheoremBody(
                name=w.name, line=w.start.line + 1, statement=w.statement, kind=w.kind, problem=_problem(found, w)
            )
            for w in found.waiting
        ]
        notes = [f"line {d.start.line + 1}: {d.text}" for d in found.errors[:20]]
        return wire.DocumentReply(theorems=theorems, notes=notes)

    def goals(self, body: wire.PositionRequest, cancelled: Cancelled) -> wire.GoalsReply:
        """The goals at a position."""
        limit = Limit(body.timeout_s)
        at = self.session.goals(body.text, body.line - 1, body.column, cancelled=cancelled, within=limit)
        return wire.GoalsReply(goals=list(at.goals), theorem=at.theorem)

    def suggest(self, body: wire.SuggestRequest, cancelled: Cancelled) -> wire.SuggestReply:
        """Tactics for a position or a goal, checked by Lean, the best first."""
        if body.text is None or body.line is None or body.column is None:
            assert body.state is not None
            return self.offers(body.state, body.context, body.prefix, body.limit, body.timeout_s, cancelled)
        at, found = self._suggested(body.text, body.line - 1, body.column, body.prefix, body.limit, body.timeout_s, cancelled)
        bodies = [_suggestion(s, edit_body(at.edit(s.tactic), body.text)) for s in found]
        return wire.SuggestReply(suggestions=bodies, checked=True, goals=list(at.goals))

    def _suggested(
        self, text: str, line: int, column: int, prefix: str, limit: int, timeout_s: float, cancelled: Cancelled
    ) -> tuple[GoalsAt, list[Suggestion]]:
        if prefix.strip():
            return self.session.complete_at(text, line, column, prefix, limit, timeout_s, cancelled=cancelled)
        return self.session.suggest_at(text, line, column, limit, timeout_s, cancelled=cancelled)

    def check(self, body: wire.CheckBody, cancelled: Cancelled) -> wire.CheckReply:
        """What Lean says of a file; with `against`, whether it proves what another one states."""
        if body.against is not None:
            verdicts = self.session.judge(body.against, body.text, body.allow_disproof)
            ok = all(v.accepted or (body.allow_disproof and v.category == "disproved") for v in verdicts)
            reply = wire.CheckReply(ok=ok, lean=self.lean, messages=[], sorries=0, verdicts=verdicts)
            if self.session.backend is EMBEDDED:
                reply.kernel, reply.faults_looked_for = kernel(self.lean), list(FAULTS)
            return reply
        found = self.session.document(body.text, cancelled=cancelled, within=Limit(body.timeout_s))
        messages = [
            wire.MessageBody(
                severity=d.severity, text=d.text, line=d.start.line + 1, column=d.start.column, end_line=d.end.line + 1,
                end_column=d.end.column,
            )
            for d in found.diagnostics
        ]  # fmt: skip
        sorries = len(found.sorries)
        return wire.CheckReply(ok=not found.errors and not sorries, lean=self.lean, messages=messages, sorries=sorries)

    def premises(self, body: wire.PremisesRequest, _: Cancelled) -> wire.PremisesReply:
        """Theorems of the library that fit a query."""
        found = self.session.premises(body.query, body.limit)
        return wire.PremisesReply(premises=[wire.PremiseBody(name=p.name, signature=p.statement) for p in found])

    # ------------------------------------------------------------------ searches

    def job(self, request: Mapping[str, Any], live: Live) -> dict[str, Any]:
        """Does a job of /v1/prove; see `prover.server.jobs.Work`."""

        def stop() -> bool:
            return live.cancelled.is_set() or live.stopped.is_set()

        text = request["text"]
        settings = SearchSettings(request["timeout_s"], request.get("max_expansions"))
        told = _passed_on(live)
        if request.get("line") is not None:
            where = Position(request["line"] - 1, request.get("column") or 0)
            proof = self.session.prove(text, where, settings, told, cancelled=stop, wait_s=JOB_WAIT_S)
        else:
            waiting = self._waiting(text, request.get("theorem"), stop)
            proof = self.session.prove_waiting(text, waiting, settings, told, cancelled=stop, wait_s=JOB_WAIT_S)
        return result_of(proof, text)

    def _waiting(self, text: str, name: str | None, stop: Cancelled) -> Waiting:
        document = self.session.document(text, cancelled=stop, wait_s=JOB_WAIT_S)
        if name is not None:
            return document.to_prove(name)
        if len(document.waiting) != 1:
            count = len(document.waiting)
            raise DataError(f"the text has {count} theorems to prove; say which with `theorem`, or `line` and `column`")
        return document.waiting[0]

    @staticmethod
    def picture(tree: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the page draws of a tree."""
        return prune(tree, PICTURE)

    # ------------------------------------------------------------------ goals as text

    def offers(
        self, state: str, context: str, prefix: str, limit: int, timeout_s: float, cancelled: Cancelled
    ) -> wire.SuggestReply:
        """Tactics for a goal that came as text.

        Args:
            state: the goal as Lean prints it; may be empty when there is a context.
            context: the file up to the tactic, or nothing.
            prefix: what the tactics begin with.
            limit: at most so many.
            timeout_s: seconds of trying.
            cancelled: whether the answer is still wanted.
        """
        for source in _sources(state, context):
            try:
                at, found = self._suggested(source.text, source.line - 1, source.column, prefix, limit, timeout_s, cancelled)
            except DataError:
                continue
            if at.goals and not _has_holes(at.goals, state):
                bodies = [_suggestion(s, None) for s in found]
                return wire.SuggestReply(suggestions=bodies, checked=True, goals=list(at.goals))
        return self._unchecked(state, prefix, limit)

    def prove_text(self, state: str, context: str, timeout_s: float, cancelled: Cancelled) -> str | None:
        """A proof, one tactic a line, of a goal that came as text; None when none was found."""
        for source in _sources(state, context):
            try:
                place = Position(source.line - 1, source.column)
                proof = self.session.prove(source.text, place, SearchSettings(timeout_s), cancelled=cancelled)
            except DataError:
                continue
            if proof.tactics is not None:
                return proof.tactics
        return None

    def _unchecked(self, state: str, prefix: str, limit: int) -> wire.SuggestReply:
        goals = goals_of(state)
        if not any("⊢" in goal for goal in goals):
            raise DataError("this is no goal as Lean prints it: it has no ⊢")
        try:
            view = view_of(SearchState(tactic_state(goals, 0)), NONE)
        except (AssertionError, ValueError) as error:  # LeanDojo's reader of goals is strict
            raise DataError("this is no goal as Lean prints it") from error
        offered = [p for p in self._policy.propose(view) if p.tactic.startswith(prefix)]
        bodies = [
            wire.SuggestionBody(tactic=p.tactic, goals_after=None, closes=False, log_prob=p.log_prob, proposer=p.proposer)
            for p in offered[:limit]
        ]
        return wire.SuggestReply(suggestions=bodies, checked=False, note=UNCHECKED)



def _suggestion(found: Suggestion, edit: wire.EditBody | None) -> wire.SuggestionBody:
    return wire.SuggestionBody(
        tactic=found.tactic, goals_after=list(found.goals_after), closes=found.closes, log_prob=found.log_prob,
        proposer=found.proposer, edit=edit,
    )  # fmt: skip


def _problem(document: Document, waiting: Waiting) -> str | None:
    """Why a theorem cannot be searched: its own statement has an error."""
    begin, end = ((p.line, p.column) for p in (waiting.start, waiting.places[0]))
    for error in document.errors:
        if waiting.kind == "sorry" and begin <= (error.start.line, error.start.column) < end:
            return f"its statement does not elaborate: {error.text.splitlines()[0]}"
    return None


def _has_holes(goals: Sequence[str], state: str) -> bool:
    """Whether Lean has put `sorry` for what it could not read of a statement."""
    return "sorry" not in state and any("sorry" in goal for goal in goals)


def _sources(state: str, context: str) -> list[GoalSource]:
    """Texts in which Lean may come to the goal, the most faithful first."""
    sources: list[GoalSource] = []
    if context.strip():
        sources.append(at_last_line(context))
        stated = as_theorem(state, _before_last_command(context))
        sources += [stated] if stated is not None else []
    alone = as_theorem(state)
    return [*sources, alone] if alone is not None else sources


def _before_last_command(context: str) -> str:
    """A file without the command at its end, in which a proof is under way."""
    _, body_start = header(context)
    commands = split(context, body_start)
    end = commands[-1].start if commands else body_start
    return context.encode()[:end].decode(errors="ignore")
