"""The options that choose what proposes tactics; `prove` and `eval` share them."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prover.errors import ConfigError

if TYPE_CHECKING:
    from prover.agent import ViewPolicy
    from prover.policy.neural.generator import Generator
    from prover.policy.neural.presets import Preset

SERVER_VARIABLE = "PROOFSMITH_VLLM_URL"
KEY_VARIABLE = "PROOFSMITH_VLLM_KEY"
DEFAULT_SERVER = "http://localhost:8000"
SAMPLES = 16
CRITIC_WEIGHT = 1.0


def add_policy_options(parser: argparse.ArgumentParser) -> None:
    """Options of every command that searches."""
    group = parser.add_argument_group("policy")
    group.add_argument(
        "--policy", choices=("builtin", "vllm", "transformers"), default="builtin",
        help="what proposes tactics: the built-in proposers alone, or a language model beside them, on a vLLM server or in this "
        "process (default builtin)",
    )  # fmt: skip
    group.add_argument("--model", metavar="MODEL", help="the model: its name on the server or the hub, or a folder")
    group.add_argument(
        "--server", metavar="URL", help=f"the vLLM server (default: {SERVER_VARIABLE}, else {DEFAULT_SERVER})"
    )
    group.add_argument("--preset", metavar="NAME", help="the model's prompt format (default: by the model's name; docs/model.md)")
    group.add_argument("--samples", type=int, default=SAMPLES, metavar="N", help=f"tactics a state (default {SAMPLES})")
    group.add_argument(
        "--max-tokens", type=int, metavar="N", help="tokens of the longest tactic (default: as the preset's authors have it)"
    )
    group.add_argument(
        "--model-temperature", type=float, default=0.0, metavar="T",
        help="0: beam search, the likeliest tactics; above 0: drawn (default 0)",
    )  # fmt: skip
    group.add_argument(
        "--model-seed", type=int, default=0, metavar="S", help="seed of what is drawn (default 0)"
    )
    group.add_argument(
        "--model-weight", type=float, default=1.0, metavar="W",
        help="weight of the model beside the built-in proposers, above 0 and at most 1 (default 1)",
    )  # fmt: skip
    group.add_argument("--model-alone", action="store_true", help="without the built-in proposers")
    group.add_argument(
        "--premises", type=int, metavar="N",
        help="at most N theorems of the library that fit the goal in the prompt (default: as the preset's model was trained)",
    )  # fmt: skip
    group.add_argument(
        "--concurrency", type=int, default=32, metavar="N", help="requests to the server at once (default 32)"
    )


def add_critic_options(parser: argparse.ArgumentParser) -> None:
    """Options of the commands that search many theorems."""
    group = parser.add_argument_group("critic")
    group.add_argument(
        "--critic", type=Path, metavar="FOLDER",
        help="guess how hopeful each state is with this critic, made by `proofsmith critic` (default: none)",
    )  # fmt: skip
    group.add_argument(
        "--critic-weight", type=float, metavar="W",
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


def make_policy(args: argparse.Namespace, memory_mb: int = 3000, embedded: bool = True) -> tuple[ViewPolicy, dict[str, Any]]:
    """The policy that was asked for, and what to note about it beside a run's settings (nothing for the built-in one).

    Args:
        args: what `add_policy_options` parsed.
        memory_mb: ceiling of the Lean process that is asked for the library's theorems, the first time.
        embedded: whether the embedded Lean works; without it, only theorems that the cache has are offered.

    Raises:
        ConfigError: options that contradict each other, an unknown preset, a model of another architecture.
        PolicyError: no server, or the model cannot be loaded.
    """
    from prover.lean.premises import LazyPremises, library_premises
    from prover.policy.builtin import builtin_policy

    premises = library_premises(memory_mb) if embedded else LazyPremises()
    if args.policy == "builtin":
        for option in ("model", "server", "preset", "premises", "max_tokens"):
            if getattr(args, option) is not None:
                raise ConfigError(f"--{option.replace('_', '-')} needs --policy vllm or --policy transformers")
        if args.model_alone:
            raise ConfigError("--model-alone needs --policy vllm or --policy transformers")
        return builtin_policy(premises), {}
    from prover.policy.base import Mixture
    from prover.policy.neural.generator import Sampling
    from prover.policy.neural.proposer import NeuralProposer

    _check(args)
    preset = _preset(args)
    if args.max_tokens is not None:
        preset = replace(preset, max_tokens=args.max_tokens)
    sampling = Sampling(args.samples, args.model_temperature, preset.max_tokens, preset.stop, args.model_seed)
    count = preset.premises if args.premises is None else args.premises
    generator = _generator(args, preset)
    proposer = NeuralProposer(generator, preset, sampling, premises if count else None, count)
    builtin = builtin_policy(premises)
    members = [] if args.model_alone else list(builtin.members)
    policy = Mixture([*members, (proposer, args.model_weight)], rates=builtin.rates)
    noted = {
        "policy": args.policy, "model": args.model, "preset": preset.name, "samples": args.samples,
        "model_temperature": args.model_temperature, "model_seed": args.model_seed, "model_weight": args.model_weight,
        "model_alone": args.model_alone, "premises": count, "max_tokens": preset.max_tokens,
    }  # fmt: skip
    return policy, noted


def _check(args: argparse.Namespace) -> None:
    if not args.model:
        raise ConfigError(f"--policy {args.policy} needs --model")
    if args.policy == "transformers" and args.server is not None:
        raise ConfigError("--server is for --policy vllm; a model in this process needs none")
    if min(args.samples, args.concurrency, 1 if args.max_tokens is None else args.max_tokens) < 1:
        raise ConfigError("--samples, --concurrency and --max-tokens must be at least 1")
    if not 0 <= args.model_temperature < float("inf"):
        raise ConfigError(f"--model-temperature is {args.model_temperature}; it must be 0 or more")
    if not 0 < args.model_weight <= 1:
        raise ConfigError(f"--model-weight is {args.model_weight}; it must be above 0 and at most 1")
    if args.premises is not None and args.premises < 0:
        raise ConfigError(f"--premises is {args.premises}; it must be 0 or more")


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
