"""How a model's log-probabilities are to be scaled beside the symbolic proposers': `proofsmith calibrate --mixture`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from prover.cli.calibrate import MAX_STATES, files_of, judged, label_of, texts, useful_tactics, write
from prover.errors import EXIT_DONE, EXIT_NOT_PROVED, ConfigError
from prover.printable import show, tell

if TYPE_CHECKING:
    from prover.policy.base import Mixture, Proposer


def fit_mixture(args: argparse.Namespace) -> int:
    """Fits the scale of a model's log-probabilities; exit code 1 when no tactic of the model could be tried."""
    import hashlib

    from prover import __version__
    from prover.errors import LeanProcessError
    from prover.lean.embedded.worker import LeanWorker
    from prover.policy import scale
    from prover.policy.builtin import builtin_policy
    from prover.policy.neural import default
    from prover.prove.premises import load_or_build

    folder = args.model or default.model_folder()
    if folder is None:
        raise ConfigError("no model comes with this copy of Proofsmith; name one with --model FOLDER")
    model = default.load(folder)
    tries: list[tuple[float, bool]] = []
    proved = 0
    given = texts(args.paths)
    with LeanWorker() as worker:
        premises = load_or_build(worker)
        proposer = model.proposer(first_stage=0, names=premises)
        policy = default.with_model(builtin_policy(premises), model, proposer)
        for label, text in given:
            for target in worker.read(text).targets:
                if target.problem is not None:
                    continue
                try:
                    found = try_model(worker, target, policy, proposer, args.timeout, args.tactic_timeout)
                except LeanProcessError as error:
                    tell(f"{label}: {target.name}: left out, {error}")
                    continue
                tries += found
                proved += bool(found)
                tell(f"{label}: {target.name}: {len(found)} tactics of the model, {sum(hit for _, hit in found)} on a proof")
                worker.recycle_if_big()
    if not tries:
        tell("no theorem was proved with a tactic of the model to try; nothing is written")
        return EXIT_NOT_PROVED
    fitted = scale.fit(tries)
    facts = {
        "version": __version__, "weights_sha256": model.sha256,
        "command": "proofsmith calibrate --mixture " + " ".join(map(label_of, args.paths)),
        "sha256": {label_of(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files_of(args.paths)}, "proved": proved,
        "timeout_s": args.timeout, "tactic_timeout_s": args.tactic_timeout,
    }  # fmt: skip
    out = args.out or folder / default.MIXTURE
    stored = scale.to_json(fitted, tries, **facts)
    write(out, stored)
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
        seen: set[str] = set()
        while waiting and len(seen) < MAX_STATES:
            state = waiting.pop(0)
            if state.pp in seen or state.pp not in useful:
                continue
            seen.add(state.pp)
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
