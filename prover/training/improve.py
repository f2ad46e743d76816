"""Expert iteration: search, audit, add, retrain, evaluate, keep only if better.

Polu et al. 2022 (arXiv:2202.01344) interleave proof search with learning from the proofs found. Here each round

1. searches for proofs of the theorems to learn from with the policy of the last kept model, the built-in one before there is any;
2. runs the audited proofs again and adds the pairs of state and tactic that are new to the training set;
3. trains from the last kept model on the whole set;
4. proves the held-out theorems with the new model at the same budget, and compares with the kept policy, theorem by theorem;
5. keeps the new model if it proves more of them. As many is not more: then, and when it proves fewer, it goes back.

    <out>/improve.json              settings and hashes of what is proved
    <out>/round-00/held-out/        the first policy's evaluation
    <out>/round-NN/search/          run folder of step 1; data/ the pairs of step 2; train/ step 3; held-out/ step 4
    <out>/round-NN/decision.json    step 5; written last
    <out>/history.json, history.html

Every step leaves a file that is written last and at once, so the same command goes on behind the last step that was finished, and
searches and training go on inside theirs. With budgets in expansions and one worker an interrupted run ends as an unbroken one.

The held-out theorems decide what is kept, round after round, so the last figure on them is a little too good; quote one from
theorems that no round has seen.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from prover import __version__
from prover.audit.auditor import SharedAuditor, auditor_for
from prover.errors import DataError
from prover.evaluation.datasets import DataSet, locate
from prover.evaluation.finished import compare, read_results, read_summary
from prover.evaluation.runner import Plan, evaluate
from prover.lean.embedded.worker import EMBEDDED, LeanWorker
from prover.prove.claim import Claim
from prover.prove.evaluator import ViewPolicy
from prover.prove.folder import JOURNAL, json_text, write_atomically
from prover.prove.item import BatchSettings
from prover.training import own_proofs
from prover.training.loop import SETTINGS as TRAIN_SETTINGS
from prover.training.loop import train
from prover.training.page import write_history
from prover.training.settings import TrainSettings

SETTINGS, DECISION, TRAINED, HISTORY = "improve.json", "decision.json", "trained.json", "history.json"
MakePolicy = Callable[[Path | None], ViewPolicy]


@dataclass(frozen=True)
class ImproveSettings:
    """What decides a run's outcome, apart from theorems and policy.

    Attributes:
        batch: budget of a theorem, in both kinds of search; its number of workers does not matter.
        training: a round's training; `start` is the model before the first round, `seed` that of the first round.
        temperature: noise on the policy in the searches for training data, so that rounds find different proofs.
        runs: seeded runs of each evaluation, for pass@N; a theorem counts as proved when one of them proves it.
        policy: what is to be noted of the policy.
    """

    batch: BatchSettings
    training: TrainSettings
    temperature: float = 0.5
    runs: int = 1
    policy: Mapping[str, Any] | None = None

    def noted(self) -> dict[str, Any]:
        """For the run's folder."""
        return {
            **self.batch.noted(), "training": asdict(self.training), "temperature": self.temperature, "runs": self.runs,
            "policy": dict(self.policy or {}), "proofsmith": __version__,
        }  # fmt: skip


@dataclass
class Improve:
    """A run of several rounds.

    Args:
        learn: the theorems whose proofs are learnt; all on the train side of the split.
        held_out: those that decide; none of `learn`.
        make_policy: the policy with a model's folder, or with none.
        settings: budgets and sizes.
        out: the run's folder.
        extra: training data from elsewhere, as `prover.training.examples` reads it.
        say: told how it goes, a line at a time.
        on_step: called with round and step after each.
        quiet: no progress bars.
    """

    learn: DataSet
    held_out: DataSet
    make_policy: MakePolicy
    settings: ImproveSettings
    out: Path
    extra: tuple[Path, ...] = ()
    say: Callable[[str], None] = lambda text: None
    on_step: Callable[[int, str], None] = lambda number, step: None
    quiet: bool = True
    _auditor: SharedAuditor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._auditor = auditor_for(EMBEDDED, self.settings.batch.memory_mb)

    def run(self, rounds: int, fresh: bool = False) -> dict[str, Any]:
        """Does the rounds that are not done yet; returns the history.

        Raises:
            ConfigError: the folder is another run's, or another process is at work in it.
            DataError: there is nothing to learn from or to measure on, or the first round proves nothing.
            LeanProcessError, PolicyError, StorageError: what was done is kept.
        """
        self._check()
        claim = Claim(self.out, "run of improve", SETTINGS, ("round-[0-9][0-9]*", HISTORY, "history.html"))
        with claim.held():
            claim.begin(
                self.settings.noted() | {
                    "learn": self.learn.sample_sha256, "held_out": self.held_out.sample_sha256,
                    "extra": [str(p) for p in self.extra],
                },
                fresh,
            )  # fmt: skip
            try:
                return self._rounds(rounds)
            finally:
                self._auditor.close()

    def _check(self) -> None:
        for what, dataset in (("to learn from", self.learn), ("held out", self.held_out)):
            if not dataset.problems:
                raise DataError(f"there is no theorem {what}; give more theorems, or say what is held out with --held-out")
        both = {p.name for p in self.learn.problems} & {p.name for p in self.held_out.problems}
        if both:
            raise DataError(f"{min(both)} is to be learnt and held out; a theorem can only be one of the two")

    def _rounds(self, rounds: int) -> dict[str, Any]:
        kept = Path(self.settings.training.start) if self.settings.training.start else None
        best = self.out / "round-00" / "held-out"
        self._evaluate(best, 0, kept)
        history: dict[str, Any] = {"first": _figures(read_summary(best)), "rounds": []}
        self._write(history)
        for number in range(1, rounds + 1):
            folder = self.out / f"round-{number:02}"
            decision = _read(folder / DECISION) or self._round(number, folder, kept, best)
            history["rounds"].append(decision)
            self._write(history)
            if decision["kept"]:
                kept, best = folder / "train" / "model", folder / "held-out"
            self.say(f"round {number}: {decision['why']}")
        history["model"] = str(kept) if kept is not None else None
        self._write(history)
        return history

    def _round(self, number: int, folder: Path, kept: Path | None, best: Path) -> dict[str, Any]:
        searched = self._search(folder / "search", number, kept)
        data = self._trace(folder, number)
        found: dict[str, Any] = {
            "round": number, "search": searched, "proofs_traced": data["proofs"], "proofs_skipped": data["skipped"],
            "new_pairs": data["new"], "training_set": len(self._known(number + 1)),
        }  # fmt: skip
        if not data["new"] and number > 1:
            decision = {**found, "kept": False, "why": "nothing new was found, so there is nothing to train on; the model stays"}
        else:
            trained = self._train(folder, number, kept)
            self._evaluate(folder / "held-out", number, folder / "train" / "model")
            decision = {**found, "training": trained, **decide(best, folder / "held-out")}
        write_atomically(folder / DECISION, json_text(decision, indent=2) + "\n")
        self.on_step(number, "decision")
        return decision

    def _search(self, out: Path, number: int, kept: Path | None) -> dict[str, Any]:
        seed = self.settings.training.seed + number
        self._prove(self.learn, out, number, "search", kept, 1, seed, self.settings.temperature)
        return _figures(read_summary(out))

    def _evaluate(self, out: Path, number: int, model: Path | None) -> None:
        self._prove(self.held_out, out, number, "held-out", model, self.settings.runs, self.settings.training.seed, None)

    def _prove(
        self, dataset: DataSet, out: Path, number: int, step: str, model: Path | None, runs: int, seed: int,
        temperature: float | None,
    ) -> None:  # fmt: skip
        if (out / "summary.json").exists():
            return
        if out.exists() and not (out / JOURNAL[0]).exists():
            shutil.rmtree(out)  # killed before there was anything in it
        noted = {**(self.settings.policy or {}), "weights": weights_sha256(model)}
        plan = Plan(self.settings.batch, runs, seed, temperature, quiet=self.quiet, policy=noted)
        worker = LeanWorker(self.settings.batch.memory_mb)
        done = evaluate(dataset, self.make_policy(model), plan, out, worker, ["proofsmith", "improve"], self._auditor)
        self.say(f"round {number}, {step}: {done.summary['proved']} of {done.summary['total']} proved")
        self.on_step(number, step)

    def _trace(self, folder: Path, number: int) -> dict[str, Any]:
        out = folder / "data"
        done = _read(out / own_proofs.DONE_FILE)
        if done is None:
            records = {r["id"]: r for r in read_results(folder / "search")}
            with LeanWorker(self.settings.batch.memory_mb) as worker:
                items, _ = locate(worker, self.learn)
                proved = [(i.target, records[i.id]) for i in items if records[i.id]["status"] == "proved"]
                done = own_proofs.write_pairs(out, proved, self._known(number), worker)
            self.on_step(number, "data")
        if not self._known(number + 1) and not self.extra:
            raise DataError("the search proved nothing that can be learnt; raise --max-expansions, or give easier theorems")
        self.say(f"round {number}, data: {done['proofs']} proofs, {done['new']} new pairs, {done['skipped']} skipped")
        return done

    def _known(self, before: int) -> set[own_proofs.Pair]:
        """The pairs of the rounds before this one."""
        found: set[own_proofs.Pair] = set()
        for number in range(1, before):
            found |= own_proofs.pairs_in(self.out / f"round-{number:02}" / "data")
        return found

    def _train(self, folder: Path, number: int, kept: Path | None) -> dict[str, Any]:
        done = _read(folder / TRAINED)
        if done is not None:
            return done
        out = folder / "train"
        if out.exists() and not (out / TRAIN_SETTINGS).exists():
            shutil.rmtree(out)
        settings = replace(
            self.settings.training, start=str(kept) if kept is not None else None, seed=self.settings.training.seed + number
        )
        rounds = [self.out / f"round-{n:02}" / "data" for n in range(1, number + 1)]
        done = train([*self.extra, *(r for r in rounds if own_proofs.pairs_in(r))], out, settings, keep=1, say=self.say)
        write_atomically(folder / TRAINED, json_text(done, indent=2) + "\n")
        self.say(f"round {number}, training: loss {done.get('loss')}")
        self.on_step(number, "train")
        return done

    def _write(self, history: dict[str, Any]) -> None:
        write_atomically(self.out / HISTORY, json_text(history, indent=2) + "\n")
        write_history(self.out, history, self.settings.noted())


def decide(old: Path, new: Path) -> dict[str, Any]:
    """Whether the new evaluation is better than the old one: more proved at the same budget. Equal keeps the old."""
    found = compare(old, new)
    kept = found.proved_b > found.proved_a
    what = "more than" if kept else "as many as" if found.proved_b == found.proved_a else "fewer than"
    why = f"{found.proved_b} of {found.total} held out proved, {what} before ({found.proved_a}): {'kept' if kept else 'dropped'}"
    return {
        "kept": kept, "why": why, "held_out": _figures(read_summary(new)), "before": found.proved_a,
        "gained": list(found.gained), "lost": list(found.lost), "p": found.p,
    }  # fmt: skip


def weights_sha256(model: Path | None) -> str | None:
    """Hash of a model's weights; None without a model. Raises DataError when there are none in the folder."""
    if model is None:
        return None
    files = sorted(model.glob("*.safetensors"))
    if not files:
        raise DataError(f"{model} holds no model: there is no .safetensors file in it")
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()


def _figures(summary: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("proved", "total", "rate", "wilson", "expansions", "tactics_run", "lean_seconds")
    found = {k: summary[k] for k in keys}
    if summary["runs"] > 1:
        found["pass_at_k"] = summary["pass_at_k"]
    return found


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); remove it, and its step is done again") from error
    return found
