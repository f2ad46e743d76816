"""Checks of a mutation run: its theorems against a fresh Lean process, and our rate and recall against the paper's method.

The comparison has three figures, all from one Lean process in one run: the paper's way on random theorem-lemma pairs (what an
attempt costs, how many succeed); Lean's own rewrite with *every* lemma on a few random theorems (what there is to be found, and
how much of it the term index proposes); and our engine on a sample of roots.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from data.mutation import negatives, shards
from data.mutation.records import Mutant
from prover.errors import DataError
from prover.lean.embedded.worker import LeanWorker
from prover.mutation.host import LIBRARY, PATIENT_S, Host, MutationSettings
from prover.printable import tell

T = TypeVar("T")
NEGATIVES_SHARE = 10
"""For so many theorems, one false neighbour is checked."""
EXHAUSTIVE_ROOTS = 12
OUR_ROOTS = 48
EVERY = 4
"""Of the library's lemmas, each so manieth is tried on each of the exhaustive roots."""
TIMEOUT_S = 1800.0
PAPER_YIELD = {"rw": "56 %", "apply": "37 %"}
"""Alchemy, arXiv 2410.15748: variants of the first stage that the second verified."""
BATCH = 100


@dataclass(frozen=True)
class Recheck:
    """What a fresh process says about theorems of a run; `negatives` are refutations among the checked."""

    checked: int
    negatives: int
    failures: tuple[str, ...]
    seconds: float


def recheck(out: Path, sample: int, seed: int) -> Recheck:
    """Elaborates a random sample of a run's theorems, and of its refutations, from their text in a new
    process, and has its kernel check them again.

    Raises:
        DataError: the folder holds no theorems.
    """
    problems: list[str] = []
    rng = random.Random(seed)
    chosen = drawn(shards.mutants(out, problems), sample, rng)
    refuted = drawn(negatives.negatives(out, problems), -(-sample // NEGATIVES_SHARE), rng)
    if not chosen:
        raise DataError(f"{out} holds no theorems")
    failures = list(problems)
    modules = _modules(out)
    began = time.monotonic()
    texts = [(m.name, m.standalone) for m in chosen]
    texts += [(n.denial.split()[0].split(".{")[0], n.text) for n in refuted]
    with LeanWorker(import_timeout_s=PATIENT_S) as worker:
        for name, text in texts:
            worker.recycle_if_big()
            why = text_verdict(worker, name, text, modules)
            if why is not None:
                failures.append(f"{name}: {why}")
    return Recheck(len(chosen), len(refuted), tuple(failures), time.monotonic() - began)


def drawn(of: Iterable[T], size: int, rng: random.Random) -> list[T]:
    """So many of them at random, in one pass and constant memory (reservoir sampling)."""
    kept: list[T] = []
    for seen, one in enumerate(of):
        if len(kept) < size:
            kept.append(one)
        elif (at := rng.randrange(seen + 1)) < size:
            kept[at] = one
    return kept


def _modules(out: Path) -> tuple[str, ...]:
    try:
        return tuple(json.loads((out / shards.PLAN).read_text("utf-8")).get("imported", LIBRARY))
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{out / shards.PLAN} is damaged: {error}") from error


def verdict(worker: LeanWorker, mutant: Mutant, modules: tuple[str, ...] = LIBRARY) -> str | None:
    """Why a theorem does not hold up when its text is elaborated behind the bare imports; None: it does."""
    return text_verdict(worker, mutant.name, mutant.standalone, modules)


def text_verdict(worker: LeanWorker, name: str, text: str, modules: tuple[str, ...] = LIBRARY) -> str | None:
    """The same for any text that declares a theorem of that name."""
    base = worker.base_state(modules)
    done = worker.request("elaborate", PATIENT_S, state=base, text=text)
    state = done["state"]
    try:
        errors = [m.text for c in done["commands"] for m in c.errors]
        if errors:
            return str(errors[0]).splitlines()[0]
        facts = worker.request("constants", PATIENT_S, state=state, base=base)["constants"]
        if not any(fact.name == name and fact.kind == "theorem" for fact in facts):
            return "no theorem of that name came of it"
        if any(fact.kind == "axiom" or "sorryAx" in fact.uses for fact in facts):
            return "it rests on an axiom of its own"
        replayed = worker.request("replay", PATIENT_S, state=state, base=base, names=[fact.name for fact in facts])
        error = replayed["error"]
        return None if error is None else str(error)
    finally:
        worker.request("release", states=[state])


def compare(
    out: Path, pairs: int, seed: int, exhaustive_roots: int = EXHAUSTIVE_ROOTS, our_roots: int = OUR_ROOTS
) -> dict[str, Any]:
    """Measures, prints the figures side by side on stderr and keeps them in `compare.json`.

    Args:
        out: folder for the file.
        pairs: random theorem-lemma pairs for the paper's way; two attempts each, one a direction.
        seed: of the samples.
        exhaustive_roots: theorems on which every lemma is tried.
        our_roots: theorems for our engine, one round.

    Returns:
        The figures. Successes of the paper's way count when our checks would keep the result, which flatters
        it: the second elaboration that it needs to verify one is not counted.
    """
    rng = random.Random(seed)
    host = Host(MutationSettings(rounds=1, negatives=0.0, guarded=False))
    state = host.ready()
    roots = sorted(host.roots())
    if pairs < 1:
        raise DataError(f"--sample {pairs}: at least one pair is needed")
    brute = {"attempts": 0, "cpu_s": 0.0, "hits": 0, "verified": 0}
    for at in range(0, pairs, BATCH):
        sample = [[rng.choice(roots), rng.choice(roots)] for _ in range(min(BATCH, pairs - at))]
        reply = host.worker.request("brute_elaborated", TIMEOUT_S, state=state, pairs=sample)
        brute["attempts"] += reply["attempts"]
        brute["cpu_s"] += reply["cpu_s"]
        brute["hits"] += len(reply["hits"])
        brute["verified"] += len(reply["verified"])
    counts = {name: {"tried": 0, "found": 0, "missed": 0} for name in ("rw", "apply")}
    missed: list[str] = []
    for root in rng.sample(roots, exhaustive_roots):
        reply = host.worker.request("brute_exhaustive", TIMEOUT_S, state=state, root=root, every=EVERY)
        for name, one in reply["counts"].items():
            counts[name]["tried"] += one["tried"]
            counts[name]["found"] += one["found"]
        for said in reply["missed"]:
            counts[said.split()[0]]["missed"] += 1
            missed.append(f"{root}: {said}")
    found = sum(one["found"] for one in counts.values())
    tried = sum(one["tried"] for one in counts.values())
    ours = host.mutate(rng.sample(roots, our_roots), seed)
    accepted = sum(len(r["records"]) for r in ours["results"])
    built = sum(r.get("built", 0) for r in ours["results"])
    yields = {name: _yield(ours["results"], name) for name in ("rw", "apply")}
    host.worker.close()
    per_attempt = brute["cpu_s"] / max(1, brute["attempts"])
    expected = found / tried / per_attempt if tried and per_attempt else 0.0
    our_rate = accepted / ours["cpu_s"]
    figures = {
        "paper_attempts": brute["attempts"],
        "paper_core_s": round(brute["cpu_s"], 1),
        "paper_successes": brute["verified"],
        "paper_ms_per_attempt": round(per_attempt * 1000, 1),
        "paper_per_core_s_measured": round(brute["verified"] / brute["cpu_s"], 5) if brute["cpu_s"] else None,
        "paper_per_core_s_expected": round(expected, 5),
        "ours_verified": accepted,
        "ours_core_s": round(ours["cpu_s"], 1),
        "ours_per_core_s": round(our_rate, 2),
        "ratio_expected": round(our_rate / expected) if expected else None,
        "ours_yield_of_variants": round(accepted / built, 3) if built else None,
        "ours_yields": yields,
        "exhaustive": counts,
        "exhaustive_missed": missed,
        "recall": round(1 - len(missed) / found, 4) if found else None,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "compare.json").write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", "utf-8")
    rows = [
        ("", "the paper's way", "proofsmith"),
        ("verified a core-second", f"{expected:.4f}", f"{our_rate:.2f}"),
        ("attempts", f"{brute['attempts']}, {per_attempt * 1000:.0f} ms each", "-"),
        ("found of all that every lemma gives", "100 %", f"{figures['recall']:.1%}" if found else "-"),
        *(
            (f"variants accepted, {name}", PAPER_YIELD[name], f"{part:.0%}" if part is not None else "-")
            for name, part in yields.items()
        ),
    ]
    for row in rows:
        tell("{:<38} {:>24} {:>14}".format(*row))
    return figures


def _yield(results: list[dict[str, Any]], operator: str) -> float | None:
    """Accepted of built."""
    counts = [r["per_operator"][operator] for r in results if operator in r.get("per_operator", {})]
    built = sum(one["built"] for one in counts)
    return round(sum(one["accepted"] for one in counts) / built, 3) if built else None
