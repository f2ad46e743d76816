"""Counts how useful each template of the built-in policy is, for its log-probabilities.

Proves the theorems of the given files, then tries every offer of every proposer
on the states that the proofs go through, and writes to --out how often each
template ran, closed the goal and lay on a proof, by coarse features of the goal.
Takes several times as long as proving the files. The file that comes with
Proofsmith is data/calibration.json; its head says what it was made from.

With --mixture the default model is what is looked at: of each of its tactics on those
states, whether it lay on a proof; how its log-probabilities are to be scaled beside the
others' is fitted to that and written to mixture.json in its folder. Give valid data.

With --ranker a tactic ranker is trained, prover/policy/ranker.npz: theorems of the files and
of the library's train side are searched for a few expansions, what became of each tactic and
what it cost goes to --journal, and the ranker learns from all that the journal has. The same
command goes on where an interrupted one stopped:

  proofsmith calibrate --ranker data/starter --library 500
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from prover.cli.options import above_zero
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError
from prover.printable import show, tell

if TYPE_CHECKING:
    from prover.lean.context import FileContext
    from prover.lean.dojo import Dojo
    from prover.policy.base import Mixture, Offer, Proposer
    from prover.policy.calibration import Calibration

T = TypeVar("T")
MAX_STATES = 12
"""So many states of one theorem are looked at, so that none outweighs the others."""
ENOUGH = 15
"""Tries of one template under one feature; more would cost time and change little."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith calibrate`."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH",
        help=".lean files, folders of them, or miniF2F's .jsonl (only its valid split is used)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where it goes (default: data/calibration.json, or the model's mixture.json)"
    )
    parser.add_argument("--mixture", action="store_true", help="fit the scale of a model's log-probabilities")
    parser.add_argument("--ranker", action="store_true", help="train the tactic ranker")
    parser.add_argument(
        "--library", type=int, default=0, metavar="N",
        help="with --ranker: also N theorems of the library's train side (default 0)",
    )  # fmt: skip
    parser.add_argument(
        "--journal", type=Path, default=Path("runs/ranker.jsonl"), metavar="FILE",
        help="with --ranker: where outcomes are kept; without PATH and --library these are all (default runs/ranker.jsonl)",
    )  # fmt: skip
    parser.add_argument(
        "--model", type=Path, metavar="FOLDER", help="with --mixture: the model (default: the one that comes with Proofsmith)"
    )
    parser.add_argument("--timeout", type=float, default=20.0, metavar="S", help="seconds a theorem (default 20)")
    parser.add_argument("--tactic-timeout", type=float, default=2.0, metavar="S", help="seconds a tactic (default 2)")


def run(args: argparse.Namespace) -> int:
    """Counts, or fits, and writes; exit code 1 when no theorem could be proved."""
    above_zero(args, "timeout", "tactic_timeout")
    if args.ranker:
        from prover.cli.calibrate_ranker import train

        return train(args)
    if not args.paths:
        raise ConfigError("no PATH is given; name .lean files, or folders of them")
    if args.mixture:
        return fit_mixture(args)
    if args.model is not None:
        raise ConfigError("--model is for --mixture")
    from prover.lean.embedded.worker import LeanWorker
    from prover.policy.builtin import builtin_policy
    from prover.policy.calibration import Calibration
    from prover.prove.folder import json_text, write_atomically
    from prover.prove.premises import load_or_build

    out = args.out or Path("data/calibration.json")
    table = Calibration()
    facts: dict[str, Any] = {**_made_from(args), "lean": "", "theorems": 0, "proved": 0, "states": 0}
    with LeanWorker() as worker:
        facts["lean"] = worker.lean
        policy = builtin_policy(load_or_build(worker), calibrated=False)

        def look(target: Any) -> int:
            facts["theorems"] += 1
            return look_at(worker, target, policy, table, args.timeout, args.tactic_timeout)

        for name, found in _each(worker, args.paths, look):
            facts["states"] += found
            facts["proved"] += found > 0
            tell(f"{name}: {found} states")
            # A long run that is cut short leaves what it has.
            write_atomically(out, json_text(table.to_json(**facts), indent=1) + "\n")
    show(
        f"{out}: {facts['states']} states of {facts['proved']} proved theorems "
        f"out of {facts['theorems']}, {len(table.counts)} templates"
    )
    return EXIT_DONE if facts["proved"] else EXIT_NOT_PROVED


def _made_from(args: argparse.Namespace) -> dict[str, Any]:
    """What the result depends on, for the head of the file."""
    import hashlib

    from prover import __version__

    command = ["proofsmith calibrate", *(["--mixture"] if args.mixture else []), *map(label_of, args.paths)]
    return {
        "version": __version__, "command": " ".join(command),
        "sha256": {label_of(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files_of(args.paths)},
        "timeout_s": args.timeout, "tactic_timeout_s": args.tactic_timeout,
    }  # fmt: skip


def _each(worker: Any, paths: list[Path], work: Callable[[Any], T]) -> Iterator[tuple[str, T]]:
    """What `work` makes of each theorem that can be searched; one over which Lean is lost is left out."""
    from prover.errors import LeanProcessError

    for label, text in texts(paths):
        for target in worker.read(text).targets:
            if target.problem is not None:
                continue
            try:
                found = work(target)
            except LeanProcessError as error:
                tell(f"{label}: {target.name}: left out, {error}")
                continue
            yield f"{label}: {target.name}", found
            worker.recycle_if_big()


def label_of(path: Path) -> str:
    """How the file is named in the counts, which others read: as seen from here, or by its last part alone."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return path.name


def texts(paths: list[Path]) -> list[tuple[str, str]]:
    """Label and Lean text of each file; each miniF2F statement of the valid split is a text of its own."""
    from data.minif2f import read
    from prover.errors import DataError
    from prover.lean.targets import load

    found = []
    for file in files_of(paths):
        if file.suffix != ".jsonl":
            found.append((label_of(file), load(file)))
            continue
        try:
            found += [(f"{label_of(file)}#{s.name}", s.lean) for s in read(file, "valid")]
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {file}: {error}") from error
    return found


def files_of(paths: list[Path]) -> list[Path]:
    """The files, those of folders in the order of their names."""
    return [file for path in paths for file in (sorted(path.rglob("*.lean")) if path.is_dir() else [path])]


def look_at(worker: Any, target: Any, policy: Mixture, table: Calibration, timeout_s: float, tactic_timeout_s: float) -> int:
    """Proves a theorem, then tries every offer on the states of the proof; how many states there were."""
    from prover.lean.dojo import Dojo

    file_context = worker.file_context(target)
    useful = useful_tactics(worker, target, policy, file_context, timeout_s, tactic_timeout_s)
    if not useful:
        return 0
    with Dojo(target, worker, tactic_timeout_s) as (dojo, initial):
        return _walk(dojo, initial, useful, policy, file_context, table)


def useful_tactics(
    worker: Any, target: Any, policy: Mixture, file_context: FileContext, timeout_s: float, tactic_timeout_s: float
) -> dict[str, set[str]]:
    """The states that a search closes on its way to a candidate, and the tactics that close each; empty when it finds none."""
    from prover.audit.outcome import Candidate
    from prover.lean.dojo import Dojo
    from prover.prove.theorem import SearchSettings, find_candidate

    # Counting needs no audit: a candidate that is wrong spoils a count, not a proof.
    dojo = Dojo(target, worker, tactic_timeout_s)
    found = find_candidate(dojo, policy, SearchSettings(timeout_s), file_context, minimised=False)
    tree = found.effort.tree
    if not isinstance(found, Candidate) or tree is None:
        return {}
    useful: dict[str, set[str]] = {}
    for node in tree["nodes"]:
        if node["status"] == "closed":
            useful.setdefault(node["state"], set())
    for edge in tree["edges"]:
        state = tree["nodes"][edge["parent"]]["state"]
        if edge["status"] == "closed" and state in useful:
            useful[state].add(edge["tactic"])
    return useful


def _walk(
    dojo: Dojo, initial: Any, useful: dict[str, set[str]], policy: Mixture, file_context: FileContext, table: Calibration
) -> int:
    """Goes through the closed states from the root, trying everything on each.

    A search gets beyond the closers only where they fail; so on a state that one of them closes, nothing else
    is counted.
    """
    from lean_dojo import ProofFinished

    from prover.policy.calibration import feature_of
    from prover.policy.goal import first_goal
    from prover.prove.environment import SearchState, view_of
    from prover.prove.evaluator import VISITS

    waiting, count = [initial], 0
    for state in _closed_states(waiting, useful):
        count += 1
        easy = False
        for visit in range(VISITS):
            view = view_of(SearchState(state), file_context, visit)
            feature = feature_of(first_goal(view))
            offers = [offer for _, _, offer in policy.offers(view) if offer.template]
            offers.sort(key=lambda offer: not is_closer(offer))
            for offer in offers:
                known = table.counts.get(offer.template, {}).get(feature)
                if (easy and not is_closer(offer)) or (known is not None and known.tried >= ENOUGH):
                    continue
                before = dojo.lean_ms
                result = dojo.run_tacs(state, [offer.tactic])[0]
                cost_ms = dojo.lean_ms - before
                closed = isinstance(result, ProofFinished)
                parts, on_proof = judged(dojo, state, offer.tactic, result, useful)
                table.note(offer.template, feature, closed or bool(parts), closed, on_proof, cost_ms)
                easy = easy or (closed and visit == 0 and is_closer(offer))
                if on_proof:
                    waiting += parts
    return count


def _closed_states(waiting: list[Any], useful: Mapping[str, Set[str]]) -> Iterator[Any]:
    """Take states of a proof off the front of `waiting`, which the caller lengthens meanwhile: each once, at most MAX_STATES."""
    seen: set[str] = set()
    while waiting and len(seen) < MAX_STATES:
        state = waiting.pop(0)
        if state.pp not in seen and state.pp in useful:
            seen.add(state.pp)
            yield state


def judged(dojo: Dojo, state: Any, tactic: str, result: Any, useful: dict[str, set[str]]) -> tuple[list[Any], bool]:
    """The parts that a tactic led to, none unless it led on; and whether it lay on a proof, of the states in `useful`."""
    from lean_dojo import ProofFinished, TacticState

    parts = dojo.parts(result) if isinstance(result, TacticState) else []
    if any(part.pp == state.pp for part in parts):
        parts = []
    known = tactic in useful[state.pp] or all(part.pp in useful for part in parts)
    return parts, isinstance(result, ProofFinished) or (bool(parts) and known)


def is_closer(offer: Offer) -> bool:
    """Whether the offer is one of those that every state meets first."""
    return offer.template.startswith("closers.")


def fit_mixture(args: argparse.Namespace) -> int:
    """Fits the scale of a model's log-probabilities; exit code 1 when no tactic of the model could be tried."""
    from prover.lean.embedded.worker import LeanWorker
    from prover.policy import scale
    from prover.policy.builtin import builtin_policy
    from prover.policy.neural import default
    from prover.prove.folder import json_text, write_atomically
    from prover.prove.premises import load_or_build

    folder = args.model or default.model_folder()
    if folder is None:
        raise ConfigError("no model comes with this copy of Proofsmith; name one with --model FOLDER")
    model = default.load(folder)
    tries: list[tuple[float, bool]] = []
    proved = 0
    with LeanWorker() as worker:
        premises = load_or_build(worker)
        proposer = model.proposer(first_stage=0, names=premises)
        policy = default.with_model(builtin_policy(premises), model, proposer)

        def work(target: Any) -> list[tuple[float, bool]]:
            return try_model(worker, target, policy, proposer, args.timeout, args.tactic_timeout)

        for name, found in _each(worker, args.paths, work):
            tries += found
            proved += bool(found)
            tell(f"{name}: {len(found)} tactics of the model, {sum(hit for _, hit in found)} on a proof")
    if not tries:
        tell("no theorem was proved with a tactic of the model to try; nothing is written")
        return EXIT_NOT_PROVED
    fitted = scale.fit(tries)
    out = args.out or folder / default.MIXTURE
    stored = scale.to_json(fitted, tries, **_made_from(args), weights_sha256=model.sha256, proved=proved)
    write_atomically(out, json_text(stored, indent=1) + "\n")
    show(
        f"{out}: slope {fitted.slope:g}, offset {fitted.offset:g}, from {len(tries)} tactics of {proved} theorems; "
        f"mean loss {stored['mean_loss']['fitted']}, unscaled {stored['mean_loss']['identity']}"
    )
    return EXIT_DONE


def try_model(
    worker: Any, target: Any, policy: Mixture, proposer: Proposer, timeout_s: float, tactic_timeout_s: float
) -> list[tuple[float, bool]]:
    """Proves a theorem, then runs what the model offers on the states of the proof.

    Returns the log-probability of each of its tactics, and whether it lay on a proof.

    States that a closer of the first stage closes are left out: the search does not ask the model there.
    """
    from lean_dojo import ProofFinished

    from prover.lean.dojo import Dojo
    from prover.policy.closers import Closers
    from prover.prove.environment import SearchState, view_of

    file_context = worker.file_context(target)
    useful = useful_tactics(worker, target, policy, file_context, timeout_s, tactic_timeout_s)
    tries: list[tuple[float, bool]] = []
    if not useful:
        return tries
    with Dojo(target, worker, tactic_timeout_s) as (dojo, initial):
        waiting = [initial]
        for state in _closed_states(waiting, useful):
            view = view_of(SearchState(state), file_context)
            closers = [offer.tactic for offer in Closers().propose(view)]
            if any(isinstance(r, ProofFinished) for r in dojo.run_tacs(state, closers, stop_when_done=True)):
                continue
            offers = list(proposer.propose(view))
            offered = {offer.tactic for offer in offers}
            walked = sorted(useful[state.pp] - offered)
            tactics = [offer.tactic for offer in offers] + walked
            for place, result in enumerate(dojo.run_tacs(state, tactics)):
                parts, on_proof = judged(dojo, state, tactics[place], result, useful)
                if place < len(offers):
                    tries.append((offers[place].log_prob, on_proof))
                if on_proof:
                    waiting += parts
    return tries
