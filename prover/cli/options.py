"""Options that several commands have: which Lean works, what proposes tactics, how states are chosen; and checks of numbers."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.errors import ConfigError

if TYPE_CHECKING:
    from prover.lean.engine import Backend
    from prover.lean.native.project import Project
    from prover.policy.neural.default import Library
    from prover.policy.neural.generator import Generator
    from prover.policy.neural.presets import Preset
    from prover.prove.cluster import Cluster
    from prover.prove.evaluator import ViewPolicy

OPEN_WITH_MODEL = 4
SHORTEST_DEADLINE_S = 10.0
EITHER = ("prove", "suggest", "lsp", "serve", "mcp", "eval", "trace")
"""Commands with the options below."""
EMBEDDED_ONLY = {
    "explore": "equations are conjectured by the embedded host's evaluator",
    "check": "the audit of a file by the embedded Lean; a native one is asked besides, where there is one",
    "mutate": "its operators are programs of the embedded host",
    "corpus": "the library's terms are read by the embedded host; another Lean's come in by --from",
    "train": "rollouts hold many theorems open in one process",
    "improve": "its searches and traces are compared over rounds",
}
"""Commands that use the embedded Lean, and why."""
SERVER_VARIABLE = "PROOFSMITH_VLLM_URL"
KEY_VARIABLE = "PROOFSMITH_VLLM_KEY"
DEFAULT_SERVER = "http://localhost:8000"
SAMPLES = 16
LAST_STAGE = 4
"""The last visit of a state, `prover.prove.evaluator.VISITS` - 1; that takes long to import."""
CRITIC_WEIGHT = 1.0
SEARCHES = ("best-first", "proof-number", "beam")
"""The names of `search.strategies.STRATEGIES`, which takes long to import; the default first."""


def at_least(args: argparse.Namespace, least: int, *names: str) -> None:
    """Refuses numbers below `least`; what was not given is not looked at. Raises ConfigError with the option and its value."""
    for name in names:
        value = getattr(args, name)
        if value is not None and not least <= value < float("inf"):
            raise ConfigError(f"--{name.replace('_', '-')} is {value}; it must be at least {least}")


def above_zero(args: argparse.Namespace, *names: str, what: str = "a number of seconds above 0") -> None:
    """Refuses numbers that are not above 0, or not finite. Raises ConfigError with the option and its value."""
    for name in names:
        value = getattr(args, name)
        if value is not None and not 0 < value < float("inf"):
            raise ConfigError(f"--{name.replace('_', '-')} is {value:g}; it must be {what}")


def lean_by_command(project: Project | None, embedded: bool, native: bool) -> dict[str, str]:
    """Which Lean each command uses with `--lean auto`, in words.

    Args:
        project: where one is, or None.
        embedded: whether the embedded Lean can be used.
        native: whether the project's own can.
    """
    own = "the embedded Lean" if embedded else "none: the embedded Lean is missing"
    if native and project is not None:
        how = "the REPL" if project.repl() is not None else "LeanDojo, since no REPL is built"
        either = f"the Lean of {project.root} through {how}"
    else:
        either = own
    return dict.fromkeys(EITHER, either) | {verb: f"{own} ({why})" for verb, why in EMBEDDED_ONLY.items()}


def add_lean_options(parser: argparse.ArgumentParser, where: str = "the files lie in one") -> None:
    """`--lean`, `--project`, `--memory`; `where` says of the default when a project is taken."""
    group = parser.add_argument_group("Lean")
    group.add_argument(
        "--lean", choices=("auto", "embedded", "repl", "dojo"), default="auto",
        help="whose Lean: the embedded one, or a Lake project's own through the REPL or LeanDojo; auto: the project's "
        f"when {where} and its toolchain answers (default auto)",
    )  # fmt: skip
    group.add_argument("--project", type=Path, metavar="PATH", help=f"the Lake project (default: the one where {where})")
    group.add_argument("--memory", type=int, metavar="MB", help="ceiling of a Lean process (default 3000; 8000 for a native one)")


def chosen(args: argparse.Namespace, paths: Sequence[Path] = ()) -> Backend:
    """The backend that was asked for, or that fits the files; without files, the present folder.

    Raises:
        ConfigError: something contradicts.
        LeanSetupError: what is asked for cannot be had.
    """
    from prover.lean.backends import choose

    at_least(args, 1, "memory")
    return choose(args.lean, args.project, paths)


def memory_of(args: argparse.Namespace, backend: Backend) -> int:
    """The ceiling of a Lean process, in MB."""
    return int(args.memory or backend.default_memory_mb)


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """`--workers`, `--open`: how many theorems are worked on at a time."""
    parser.add_argument(
        "--workers", type=int, metavar="N", help="Lean processes that search, with --ray on each machine (default: cores)"
    )
    parser.add_argument(
        "--open", type=int, metavar="N",
        help="theorems open at a time in each Lean, so that one is worked on while another waits for the policy (default: "
        f"{OPEN_WITH_MODEL} with --policy vllm or transformers, else 1; proofs do not depend on it where only --max-expansions "
        "limits)",
    )  # fmt: skip
    parser.add_argument(
        "--ray", metavar="ADDRESS",
        help="search on the machines of the Ray cluster at this address (local: one on this machine; docs/scale.md)",
    )  # fmt: skip
    parser.add_argument(
        "--deadline", type=positive, metavar="S",
        help="seconds for the whole batch: all theorems are looked at for a little, then time goes where a proof is likeliest; "
        "--timeout is the most that one gets (default: no deadline, each theorem gets all of --timeout in turn)",
    )  # fmt: skip


def budget_of(args: argparse.Namespace) -> float | None:
    """Seconds of one theorem: `--timeout`, no more than `--deadline`; None for no limit. Raises ConfigError for a deadline that
    is too short."""
    if args.deadline is None:
        return float(args.timeout) or None
    if args.ray is not None:
        raise ConfigError("--deadline moves budgets between the searches of one machine; leave out it or --ray")
    if args.deadline < SHORTEST_DEADLINE_S:
        raise ConfigError(
            f"--deadline is {args.deadline:g} s; give at least {SHORTEST_DEADLINE_S:g}: a Lean process takes longer to start"
        )
    return min(float(args.timeout) or args.deadline, float(args.deadline))


def positive(text: str) -> float:
    """A number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def open_of(args: argparse.Namespace) -> int:
    """How many theorems are open at a time in each Lean. Raises ConfigError for fewer than one."""
    at_least(args, 1, "open")
    return int(args.open or (OPEN_WITH_MODEL if args.policy in ("vllm", "transformers") else 1))


def workers_of(args: argparse.Namespace, backend: Backend) -> int:
    """How many Lean processes search: `--workers`, else as many as there are cores and, natively, memory."""
    from prover.lean.backends import native_workers

    if backend.name == "embedded":
        return int(args.workers or os.cpu_count() or 1)
    return native_workers(args.workers, memory_of(args, backend))


def add_policy_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that searches."""
    group = parser.add_argument_group("policy")
    group.add_argument(
        "--policy", choices=("builtin", "symbolic", "vllm", "transformers"), default="builtin",
        help="what proposes tactics. builtin: the symbolic proposers and the model that comes with Proofsmith, where there is "
        "one; symbolic: without a model; vllm, transformers: the symbolic proposers and a model on a vLLM server or in this "
        "process (default builtin)",
    )  # fmt: skip
    group.add_argument(
        "--model", metavar="MODEL",
        help="the model: its name on the server or the hub, or a folder (builtin: a folder as `python -m prover.training.ship` "
        "writes it, in place of the one that comes with Proofsmith)",
    )  # fmt: skip
    group.add_argument("--server", metavar="URL", help=f"the vLLM server (default: {SERVER_VARIABLE}, else {DEFAULT_SERVER})")
    group.add_argument("--preset", metavar="NAME", help="the model's prompt format (default: by the model's name; docs/model.md)")
    group.add_argument("--samples", type=int, default=SAMPLES, metavar="N", help=f"tactics a state (default {SAMPLES})")
    group.add_argument(
        "--max-tokens", type=int, metavar="N", help="tokens of the longest tactic (default: as the preset's authors have it)"
    )
    group.add_argument(
        "--model-temperature", type=float, default=0.0, metavar="T",
        help="0: beam search, the likeliest tactics; above 0: drawn (default 0)",
    )  # fmt: skip
    group.add_argument("--model-seed", type=int, default=0, metavar="S", help="seed of what is drawn (default 0)")
    group.add_argument(
        "--model-weight", type=float, default=1.0, metavar="W",
        help="weight of the model beside the symbolic proposers, above 0 and at most 1 (default 1)",
    )  # fmt: skip
    group.add_argument("--model-alone", action="store_true", help="without the symbolic proposers")
    group.add_argument(
        "--first-stage", type=int, metavar="N",
        help="how often a state comes back for harder attempts before the model is asked for it, 0 to 4 (default: builtin 1, "
        "others 0; 0 with --model-alone)",
    )  # fmt: skip
    group.add_argument(
        "--premises", type=int, metavar="N",
        help="at most N theorems of the library that fit the goal in the prompt (default: as the preset's model was trained)",
    )  # fmt: skip
    group.add_argument("--concurrency", type=int, default=32, metavar="N", help="requests to the server at once (default 32)")


def add_default_policy_option(parser: argparse.ArgumentParser) -> None:
    """The option of commands that use the default policy."""
    parser.add_argument(
        "--policy", choices=("builtin", "symbolic"), default="builtin",
        help="what proposes tactics: with the model that comes with Proofsmith, where there is one, or without (default builtin)",
    )  # fmt: skip


def add_search_option(parser: argparse.ArgumentParser) -> None:
    """`--search`, for commands that search."""
    parser.add_argument(
        "--search", choices=SEARCHES, default=SEARCHES[0], metavar="NAME",
        help=f"what is expanded next: {', '.join(SEARCHES)} (default {SEARCHES[0]})",
    )  # fmt: skip


def add_critic_options(parser: argparse.ArgumentParser) -> None:
    """Options of the commands that search many theorems."""
    group = parser.add_argument_group("critic")
    group.add_argument(
        "--critic", type=Path, metavar="FOLDER",
        help="guess how hopeful each state is with this critic, made by `proofsmith critic` (default: none)",
    )  # fmt: skip
    group.add_argument(
        "--critic-weight",
        type=float,
        metavar="W",
        help=f"weight of the logarithm of its value in a state's priority, above 0 (default {CRITIC_WEIGHT:g})",
    )


def critic_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `SearchSettings` that the options stand for.

    Raises:
        ConfigError: a weight without a critic, or an impossible one.
        PolicyError: the critic is not there, or is none.
    """
    if args.critic is None:
        if args.critic_weight is not None:
            raise ConfigError("--critic-weight needs --critic FOLDER")
        return {}
    weight = CRITIC_WEIGHT if args.critic_weight is None else args.critic_weight
    if not 0 < weight < float("inf"):
        raise ConfigError(f"--critic-weight is {weight:g}; it must be above 0")
    from prover.policy.critic import load

    return {"critic": load(args.critic), "critic_weight": weight}


def make_policy(
    args: argparse.Namespace, memory_mb: int = 3000, embedded: bool = True, wait: bool = True
) -> tuple[ViewPolicy, dict[str, Any]]:
    """The policy that was asked for, and what to note about it beside a run's settings (nothing where there is no model).

    Args:
        args: what `add_policy_options` parsed.
        memory_mb: ceiling of the Lean process that is asked for the library's theorems, the first time.
        embedded: whether the embedded Lean works; without it, only theorems that the cache has are offered.
        wait: see `prover.prove.premises.library_premises`.

    Raises:
        ConfigError: options that contradict each other, an unknown preset, a model of another architecture.
        PolicyError: no server, or the model cannot be loaded.
    """
    from prover.policy.builtin import builtin_policy
    from prover.prove.premises import LazyPremises, library_premises

    premises = library_premises(memory_mb, wait) if embedded else LazyPremises()
    premises.warm()
    if args.policy in ("builtin", "symbolic"):
        return _default(args, premises, embedded)
    from prover.policy.neural.generator import Sampling
    from prover.policy.neural.proposer import NeuralProposer

    _check(args)
    preset = _preset(args)
    if args.max_tokens is not None:
        preset = replace(preset, max_tokens=args.max_tokens)
    sampling = Sampling(args.samples, args.model_temperature, preset.max_tokens, preset.stop, args.model_seed)
    count = preset.premises if args.premises is None else args.premises
    generator = _generator(args, preset)
    stage = args.first_stage or 0
    proposer = NeuralProposer(generator, preset, sampling, premises if count else None, count, first_stage=stage)
    builtin = builtin_policy(premises)
    members = [] if args.model_alone else list(builtin.members)
    leaders = () if args.model_alone else builtin.leaders
    policy = replace(builtin, members=[*members, (proposer, args.model_weight)], leaders=leaders)
    noted = {
        "policy": args.policy, "model": args.model, "preset": preset.name, "samples": args.samples,
        "model_temperature": args.model_temperature, "model_seed": args.model_seed, "model_weight": args.model_weight,
        "model_alone": args.model_alone, "premises": count, "max_tokens": preset.max_tokens,
        **({"first_stage": stage} if stage else {}), **_learnt(),
    }  # fmt: skip
    return policy, noted


def cluster_of(args: argparse.Namespace, noted: Mapping[str, Any], memory_mb: int, embedded: bool) -> Cluster | None:
    """The cluster of `--ray`, joined; its machines have to make the same policy. Raises ConfigError when none answers."""
    if args.ray is None:
        return None
    if getattr(args, "learn", False):
        raise ConfigError("--learn is for one machine: with --ray each would learn something else")
    from prover.prove.cluster import Cluster, connect

    connect(args.ray)
    sent = argparse.Namespace(**vars(args) | {"github_token": None})  # stays here
    return Cluster(partial(_made_there, sent, memory_mb, embedded), _facts(noted), args.workers)


def _made_there(args: argparse.Namespace, memory_mb: int, embedded: bool) -> tuple[ViewPolicy, dict[str, Any]]:
    policy, noted = make_policy(args, memory_mb, embedded)
    return policy, _facts(noted)


def _facts(noted: Mapping[str, Any]) -> dict[str, Any]:
    from prover import __version__
    from prover.evaluation.runner import code_sha256

    return {**noted, "proofsmith": __version__, "code": code_sha256()}


def _default(args: argparse.Namespace, premises: Library, embedded: bool) -> tuple[ViewPolicy, dict[str, Any]]:
    from prover.policy.builtin import builtin_policy
    from prover.policy.neural import default

    for option in ("server", "preset", "premises"):
        if getattr(args, option) is not None:
            raise ConfigError(f"--{option} needs --policy vllm or --policy transformers")
    if args.policy == "symbolic":
        for option in ("model", "max_tokens", "first_stage"):
            if getattr(args, option) is not None:
                raise ConfigError(f"--policy symbolic asks no model; --{option.replace('_', '-')} is for the others")
    elif args.model is not None and not Path(args.model).is_dir():
        raise ConfigError(f"--model {args.model} is no folder; models by name need --policy vllm or --policy transformers")
    _check_numbers(args)
    folder = None if args.policy == "symbolic" else Path(args.model) if args.model else default.model_folder()
    if folder is None:
        if args.model_alone:
            raise ConfigError("--model-alone needs a model: --model FOLDER, --policy vllm or --policy transformers")
        return builtin_policy(premises), _learnt()
    model = default.load(folder)
    stage = args.first_stage if args.first_stage is not None else 0 if args.model_alone else default.FIRST_STAGE
    names = premises if embedded else None  # those of a project's own Lean are not known
    proposer = model.proposer(args.samples, args.model_temperature, args.max_tokens, args.model_seed, stage, names)
    policy = default.with_model(builtin_policy(premises), model, proposer, args.model_weight, args.model_alone)
    noted = {
        "policy": "builtin", "model_sha256": model.sha256, "model_scale": [model.scale.slope, model.scale.offset],
        "samples": args.samples, "model_temperature": args.model_temperature, "model_seed": args.model_seed,
        "model_weight": args.model_weight, "model_alone": args.model_alone, "first_stage": stage,
        "max_tokens": proposer.sampling.max_tokens, **_learnt(),
    }  # fmt: skip
    return policy, noted


def _learnt() -> dict[str, Any]:
    """The selector and the ranker that variables put in place of those that ship, by their hashes."""
    from prover.policy import ranker
    from prover.policy.premises import model

    named = {"selector": (model.VARIABLE, model.shipped), "ranker": (ranker.VARIABLE, ranker.shipped)}
    return {
        name: found.sha256 if (found := shipped()) is not None else None
        for name, (variable, shipped) in named.items() if variable in os.environ
    }  # fmt: skip


def _check(args: argparse.Namespace) -> None:
    if not args.model:
        raise ConfigError(f"--policy {args.policy} needs --model")
    _check_numbers(args)
    if args.policy == "transformers" and args.server is not None:
        raise ConfigError("--server is for --policy vllm; a model in this process needs none")


def _check_numbers(args: argparse.Namespace) -> None:
    if min(args.samples, args.concurrency, 1 if args.max_tokens is None else args.max_tokens) < 1:
        raise ConfigError("--samples, --concurrency and --max-tokens must be at least 1")
    if not 0 <= args.model_temperature < float("inf"):
        raise ConfigError(f"--model-temperature is {args.model_temperature}; it must be 0 or more")
    if not 0 < args.model_weight <= 1:
        raise ConfigError(f"--model-weight is {args.model_weight}; it must be above 0 and at most 1")
    if args.premises is not None and args.premises < 0:
        raise ConfigError(f"--premises is {args.premises}; it must be 0 or more")
    if args.first_stage is not None and not 0 <= args.first_stage <= LAST_STAGE:
        raise ConfigError(f"--first-stage is {args.first_stage}; it must be 0 to {LAST_STAGE}")


def _preset(args: argparse.Namespace) -> Preset:
    from prover.policy.neural.presets import PRESETS, preset_for, preset_named

    if args.preset is not None:
        return preset_named(args.preset)
    found = preset_for(args.model)
    if found is None:
        raise ConfigError(
            f"which prompt format {args.model} was trained with is not known; say it with --preset, one of {', '.join(PRESETS)}"
        )
    return found


def _generator(args: argparse.Namespace, preset: Preset) -> Generator:
    from prover.policy.neural.local import LocalGenerator
    from prover.policy.neural.presets import DECODER
    from prover.policy.neural.server import ServerGenerator

    if args.policy == "transformers":
        return LocalGenerator(args.model, preset.architecture)
    if preset.architecture != DECODER:
        raise ConfigError(
            f"the preset {preset.name} is for {preset.architecture} models, which vLLM does not serve; use --policy transformers"
        )
    server = ServerGenerator(
        args.server or os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER, args.model, args.concurrency,
        key=os.environ.get(KEY_VARIABLE),
    )  # fmt: skip
    server.check()
    return server
