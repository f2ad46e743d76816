"""Reference counts are balanced: thousands of checks in one process do not make it grow."""

from __future__ import annotations

import os
import time

from prover.lean.embedded.worker import LeanWorker

CHECKS = int(os.environ.get("CHECKS", "2500"))
WARM_UP = 500
MAX_GROWTH_MB = 150
STATEMENT = "theorem t (a b : Nat) (p q : Prop) (hp : p) (hq : q) (h : a = b) : b = a ∧ (q ∧ p) := by sorry"
TACTICS = [
    "constructor", "simp [h]", "exact ⟨h.symm, hq, hp⟩", "omega", "nonsense", "sorry", "refine ⟨?_, ?_⟩",
    "subst h; simp_all",
]  # fmt: skip
FAILS = "exact h"
CHECK = (
    "theorem u (a b : Nat) (h : a = b) : b + 0 = a ∧ a ≤ b + 1 := by\n  subst h\n  exact ⟨rfl, Nat.le_succ a⟩"
)
WRONG = "theorem u (a b : Nat) : a + b = b := by\n  rfl"


def checks_of_one_round(worker: LeanWorker, base: int) -> int:
    """A theorem opened, tactics run, a child's part worked on, texts elaborated, everything released."""
    (proof,) = worker.request("enter", state=base, text=STATEMENT)["proofs"]
    limits = {"heartbeats": 200_000_000, "timeout_ms": 10_000}
    results = worker.request("tactics", sid=proof.sid, tactics=TACTICS, **limits)["results"]
    children = [r.proof for r in results if r.proof is not None]
    part = children[0].parts[1]
    deeper = worker.request("tactics", sid=part, tactics=["constructor", FAILS], **limits)["results"]
    children += [r.proof for r in deeper if r.proof is not None]
    assert len(children) == 4 and sum(r.done for r in results) >= 1, results
    states = [worker.request("elaborate", state=base, text=text, keep=True) for text in (CHECK, WRONG)]
    assert [len(s["commands"][0].messages) for s in states] == [0, 1]
    worker.request(
        "release",
        states=[s["state"] for s in states] + [c.before for s in states for c in s["commands"]],
        proofs=[sid for p in (proof, *children) for sid in (p.sid, *p.parts)],
    )
    return 1 + len(TACTICS) + 2 + 2


def test_thousands_of_checks_do_not_make_the_process_grow(lean_worker: LeanWorker) -> None:
    base, generation = lean_worker.base_state(("Init",)), lean_worker.generation
    done = 0
    while done < WARM_UP:
        done += checks_of_one_round(lean_worker, base)
    before = lean_worker.request("memory")
    started, counted = time.monotonic(), 0
    while counted < CHECKS:
        counted += checks_of_one_round(lean_worker, base)
    seconds = time.monotonic() - started
    after = lean_worker.request("memory")
    grown = {key: (after[key] - before[key]) / 1e6 for key in ("rss_bytes", "wasm_bytes")}
    print(
        f"\n{counted} checks in {seconds:.0f} s: "
        f"resident {before['rss_bytes'] / 1e6:.0f} MB {grown['rss_bytes']:+.0f} MB, "
        f"wasm {before['wasm_bytes'] / 1e6:.0f} MB {grown['wasm_bytes']:+.0f} MB"
    )
    assert lean_worker.generation == generation, "it was replaced on the way"
    assert (after["states"], after["proofs"]) == (before["states"], before["proofs"])
    assert grown["rss_bytes"] < MAX_GROWTH_MB and grown["wasm_bytes"] < MAX_GROWTH_MB, grown
