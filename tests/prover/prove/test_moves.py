"""A batch with a deadline on real Lean: searches are paused and gone on with, and nothing is lost to the clock or to a kill."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prover.errors import StorageError
from prover.lean.embedded.worker import LeanWorker
from prover.policy.base import View
from prover.prove import schedule
from prover.prove.batch import GIVEN_UP, OUT_OF_TIME, run_batch
from prover.prove.folder import RunFolder
from prover.prove.item import BatchSettings, Item
from prover.prove.moves import Moves
from prover.prove.schedule import Rates
from prover.prove.theorem import SearchSettings
from prover.prove.turn import Turn
from search.graph import SearchGraph
from search.types import Part, Proposal

FILE = """theorem endless (f : Nat → Nat) (h : ∀ n, f (n + 1) = f n) : f 7 = f 3 + 1 - 1 := by sorry
theorem easy (n : Nat) : n = n := by sorry
theorem easy_too (n : Nat) : n + 0 = n := by sorry
"""


class Endless:
    """A step that leads on and on; `rfl` for whoever it helps. Each step takes some time."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int]] = []

    def propose(self, view: View) -> list[Proposal]:
        self.asked.append((view.theorem, len(view.before), view.stage))
        time.sleep(0.05)
        return [Proposal("rfl", -0.1), Proposal(f"have h{len(view.before)} : True := trivial", -0.2)][view.theorem == "endless" :]


@pytest.fixture
def items(lean_worker: LeanWorker) -> list[Item]:
    return [Item(t.name, t, "file.lean") for t in lean_worker.read(FILE).targets]


@pytest.fixture
def short_grants(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """First grants of half a second; what was counted by such grants is forgotten."""
    schedule.measured.cache_clear()
    monkeypatch.setattr(schedule, "FIRST_S", 0.5)
    yield
    schedule.measured.cache_clear()


def ready(items: list[Item]) -> LeanWorker:
    """A Lean that has been started and has read what stands before the theorems: no deadline here counts that."""
    worker = LeanWorker()
    worker.prepare(items[0].target)
    return worker


def settings(deadline_s: float) -> BatchSettings:
    return BatchSettings(SearchSettings(60.0, refute=False), workers=1, deadline_s=deadline_s, minimise=False)


@pytest.mark.usefixtures("short_grants")
@pytest.mark.parametrize("kept", [48, 0])
def test_a_search_is_paused_for_the_others_and_gone_on_with(
    items: list[Item], kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.prove.moves.MOST_PAUSED", kept or 1)
    policy = Endless()
    doubled = [*items, *(Item(f"{i.id}{n}", i.target, i.file) for n in range(2) for i in items[:1])] if not kept else items
    ran = run_batch(doubled, policy, settings(25.0), first_worker=ready(items))
    assert [ran.records[key]["status"] for key in ("easy", "easy_too")] == ["proved", "proved"]
    assert "out of time" in ran.records["endless"]["reason"]
    roots = [asked for asked in policy.asked if asked == ("endless", 0, 0)]
    if kept:
        assert len(roots) == 1, "it began anew"
        assert max(depth for name, depth, _ in policy.asked if name == "endless") >= 1
        order = [name for name, _, _ in policy.asked]
        assert order.index("easy_too") < len(order) - 1 - order[::-1].index("endless"), "it was not gone on with"
    else:
        assert len(roots) > len(doubled) - 2, "where none may be kept, searches begin anew"


@pytest.mark.usefixtures("short_grants")
def test_what_a_killed_batch_had_spent_is_spent(items: list[Item], tmp_path: Path) -> None:
    chosen = settings(30.0)
    stop = threading.Event()

    class Stops(Endless):
        def propose(self, view: View) -> list[Proposal]:
            if sum(name == "endless" for name, _, _ in self.asked) > 25:
                stop.set()
            return super().propose(view)

    with RunFolder(tmp_path, chosen.noted(), {}) as folder:
        run_batch(items, Stops(), chosen, folder, first_worker=ready(items), cancel=stop)
        notes = folder.notes()
    assert notes["elapsed", "batch"] > 0
    grants, spent_s, _ = notes["standing", "endless"]
    assert grants >= 1 and spent_s >= 0.5
    with RunFolder(tmp_path, chosen.noted(), {}) as folder:
        assert set(folder.known()) == {"easy", "easy_too"}
        begun: list[tuple[int, Item]] = []
        moves = Moves(
            items[:1], 30.0, Rates(60.0), folder.notes(), threading.Condition(), folder.note,
            lambda worker, item: begun.append((worker, item)), lambda: False,
        )  # fmt: skip
        assert moves.left_s() <= 30.0 - notes["elapsed", "batch"]
        assert [(s.grants, s.spent_s) for s in moves.standings()] == [(grants, spent_s)]
        moves.work(0)
        assert begun == [(0, items[0])]


def test_theorems_that_no_search_came_to_are_settled_at_the_deadline(items: list[Item], tmp_path: Path) -> None:
    with RunFolder(tmp_path, settings(30.0).noted(), {}) as folder:
        folder.note([("elapsed", "batch", 30.0)])
        ran = run_batch(items, Endless(), settings(30.0), folder, first_worker=ready(items))
    assert {r["reason"] for r in ran.records.values()} == {OUT_OF_TIME}
    assert {json.loads(line)["status"] for line in (tmp_path / "results.jsonl").read_text().splitlines()} == {"failed"}


def test_a_search_that_has_had_all_its_time_is_not_paused(items: list[Item]) -> None:
    moves = Moves(items[:1], 30.0, Rates(5.0), {}, threading.Condition(), lambda notes: None, lambda *begun: None, lambda: False)
    moves.work(0)
    turn, graph = Turn(), SearchGraph(Part("", "", ""))
    moves.begun(items[0], turn)
    turn.ready_at = 0.0
    moves._granted[items[0].id].began -= 5.2  # so long was one expansion, of a grant that ended below the theorem's time
    moves.expanded(items[0], 0, turn, graph, lambda: pytest.fail("it was paused, and would never be gone on with"))
    assert [s.id for s in moves.standings()] == [items[0].id]


def test_a_batch_with_patience_gives_up_what_takes_long_against_its_costliest_proof(items: list[Item]) -> None:
    begun: list[Item] = []
    moves = Moves(
        items, math.inf, Rates(60.0), {}, threading.Condition(), lambda notes: None, lambda worker, item: begun.append(item),
        lambda: False, patience=2.0,
    )  # fmt: skip

    def takes(item: Item, seconds: float, proved: bool) -> None:
        """One grant, used up: a search that is not proved waits without a thread."""
        turn = Turn()
        moves.begun(item, turn)
        turn.ready_at = moves._granted[item.id].began = turn.used() - seconds
        moves.ended(item, 0, turn, proved)
        if not proved:
            moves.again(item)

    moves.work(0)
    takes(items[0], 9.0, proved=True)
    takes(items[1], 15.0, proved=False)
    takes(items[2], 15.0, proved=False)
    assert moves.rates.cap_s == pytest.approx(18.0, abs=0.5) and begun == [*items, items[1]], "they may take three seconds more"
    takes(items[1], 15.5, proved=True)  # costlier than all before
    assert moves.rates.cap_s == pytest.approx(31.0, abs=0.5) and begun[-1] is items[2] and moves.left_s() > 0.0
    takes(items[2], 40.0, proved=False)
    assert moves.gave_up and moves.left_s() <= 0.0
    assert list(moves.left_over(lambda: 1)) == [items[2]]


@pytest.mark.usefixtures("short_grants")
def test_theorems_that_are_given_up_are_said_to_be(items: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LEAST_S", 2.0)
    chosen = BatchSettings(SearchSettings(60.0, refute=False), workers=1, patience=2.0, minimise=False)
    ran = run_batch(items, Endless(), chosen, first_worker=ready(items))
    assert [ran.records[key]["status"] for key in ("easy", "easy_too")] == ["proved", "proved"]
    endless = ran.records["endless"]
    assert endless["status"] == "failed" and endless["reason"].startswith(GIVEN_UP)
    assert 1.0 < endless["seconds"] < 50.0


def test_a_grant_begins_when_lean_is_there(items: list[Item]) -> None:
    noted: list[tuple[str, str, Any]] = []
    moves = Moves(items[:1], 30.0, Rates(5.0), {}, threading.Condition(), noted.extend, lambda *begun: None, lambda: False)
    moves.work(0)
    turn = Turn()
    moves.begun(items[0], turn)
    moves._granted[items[0].id].began -= 8.0  # Lean was started meanwhile
    turn.ready_at = turn.used() - 1.0
    moves.ended(items[0], 0, turn, proved=False)
    assert noted[-1][2][1] == pytest.approx(1.0, abs=0.5), "seconds of the theorem"


def test_a_theorems_clock_is_put_forward_where_the_batch_stops_first() -> None:
    turn = Turn()
    turn.deadline = turn.used() + 60.0
    stops_at = time.monotonic() + 5.0
    turn.stops_at = lambda: stops_at
    assert 4.0 < turn.deadline - turn.now() <= 5.0
    with turn.paused():
        time.sleep(0.2)
    assert turn.deadline - turn.used() > 59.5, "a pause was counted"


def test_notes_are_all_written_or_none(tmp_path: Path) -> None:
    with RunFolder(tmp_path, {}, {}) as folder:
        folder.note([("goal", "1", [["x"], "rfl"]), ("elapsed", "batch", 2.5)])
        folder._db.execute("PRAGMA query_only = ON")
        with pytest.raises(StorageError):
            folder.note([("elapsed", "batch", 9.0)])
        folder._db.execute("PRAGMA query_only = OFF")
        noted: dict[tuple[str, str], Any] = folder.notes()
    assert noted == {("goal", "1"): [["x"], "rfl"], ("elapsed", "batch"): 2.5}
