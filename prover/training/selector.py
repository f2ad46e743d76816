"""Trains the premise selector on LeanDojo Benchmark 4.

    python -m prover.training.selector lean_dojo-4.20.0.tar.gz --split novel_premises --out runs/selector.npz
    python -m prover.training.selector lean_dojo-4.20.0.tar.gz --split random --library premises.json.gz --out selector.npz

Needs the extra `neural` (torch), a processor core and some 10 minutes. Of the train part's theorems some are held out: half
of them at random, half because they use premises that then no other theorem uses, as in the novel_premises split. Word
vectors are trained on the others; then the network on states of the held-out theorems, with the evidence that the others
alone give; at last the memory takes all. With --also, runs of `proofsmith mutate` and state-tactic pairs (`proofsmith trace` of
our own proofs or of mutants, JSON lines) teach vectors and memory, too: a mutant's statement takes the lemma of its step and its
parent, a pair the names that its tactic has; those on the train side of the project's split only. With --library the memory keeps
what cites those theorems, and theorems on the valid and test sides of the project's split are left out. The second command is how
the model that ships was made, with the index of the embedded library from the cache folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.mutation import shards
from data.splits import TRAIN, split_of
from prover.errors import EXIT_DONE, DataError
from prover.evaluation.leandojo import SPLITS, Step, read_steps
from prover.evaluation.premises import PremiseBenchmark
from prover.policy.premises.features import NAMES, UNKNOWN
from prover.policy.premises.model import LAYERS, SelectorModel, goal_bag, known, statement_bag
from prover.policy.premises.neighbours import Memory, state_features
from prover.policy.premises.postings import Floats
from prover.policy.premises.statements import GoalWords, StatementWords, goal_words, parts_of, signature_of, statement_words
from prover.policy.retrieval import IDENTIFIER
from prover.printable import tell
from prover.training.examples import read

BATCH = 512
SCALE = 20.0
VECTOR_RATE = 0.06
HIDDEN = (64, 32)
GROUPS = 16
NETWORK_RATE = 2e-3
NETWORK_PASSES = 6
FORGET = 0.3
"""In so many of the questions the theorem's place is unknown, and in as many its name."""
PLACE = tuple(NAMES.index(n) for n in ("same file", "distance in file", "module"))
THEOREM = tuple(NAMES.index(n) for n in ("theorem's name", "theorem's namespace"))

Bag = tuple[NDArray[np.int64], Floats]
RAREST = 8
"""Words that fewer statements and states have get no vector."""
HELD_OUT = 2500
"""Theorems of each kind."""
FEW_USERS = 8
Theorem = tuple[str, tuple[int, int]]


@dataclass(frozen=True)
class Group:
    """A question: candidates' features, and which of them served."""

    rows: NDArray[np.float32]
    served: NDArray[np.bool_]


def train_vectors(
    goals: Sequence[Bag], premises: Sequence[Bag], served: Sequence[Sequence[int]], files: Sequence[int], shape: tuple[int, int],
    passes: float, seed: int, say: Callable[[str], None],
) -> tuple[Floats, Floats]:
    """Word vectors of goals and of premises.

    Each pair of a state and a premise that served is told from the other premises of the batch and from one more of the same file
    as each: cross-entropy over cosines.

    Args:
        goals: words and weights of each state.
        premises: of each premise.
        served: which premises served at each state.
        files: of each premise, the file it is in.
        shape: number of words, dimensions.
        passes: times through the pairs.
        seed: of order, start and negatives.
        say: told the loss.
    """
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    torch.sparse.check_sparse_tensor_invariants.disable()  # said, or torch warns that it is not said
    drawn = random.Random(seed)
    tables = [torch.nn.EmbeddingBag(*shape, mode="sum", sparse=True) for _ in range(2)]
    torch.nn.init.normal_(tables[0].weight, std=0.1)
    tables[1].weight.data.copy_(tables[0].weight.data)
    optimizer = torch.optim.Adagrad([t.weight for t in tables], lr=VECTOR_RATE)
    neighbours: dict[int, list[int]] = defaultdict(list)
    for premise, file in enumerate(files):
        neighbours[file].append(premise)
    pairs = [(s, p) for s, ps in enumerate(served) for p in ps]
    batch_size = min(BATCH, len(pairs))
    steps = max(1, int(passes * len(pairs) / batch_size))
    order: list[int] = []
    losses: list[float] = []
    for step in range(steps):
        if len(order) < batch_size:
            order = list(range(len(pairs)))
            drawn.shuffle(order)
        batch = [pairs[order.pop()] for _ in range(batch_size)]
        ids = [p for _, p in batch] + [drawn.choice(neighbours[files[p]]) for _, p in batch]
        left = _bagged(tables[0], [goals[s] for s, _ in batch])
        right = _bagged(tables[1], [premises[p] for p in ids])
        also = np.stack([np.isin(ids, served[s]) for s, _ in batch])
        also[np.arange(batch_size), np.arange(batch_size)] = False
        logits = (SCALE * left @ right.T).masked_fill(torch.from_numpy(also), -1e9)
        loss = torch.nn.functional.cross_entropy(logits, torch.arange(batch_size))
        for group in optimizer.param_groups:
            group["lr"] = VECTOR_RATE * (1 - step / steps) + 1e-4
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % 500 == 0:
            say(f"vectors: step {step + 1} of {steps}, loss {np.mean(losses[-500:]):.3f}")
    first, second = (t.weight.detach().numpy() for t in tables)
    return first, second


def train_network(groups: Sequence[Group], seed: int, say: Callable[[str], None]) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Mean and deviation of the features, and the network's layers.

    The loss of a question is −log of the probability (softmax over its candidates) of those that served: half of it of all
    together, half of each.
    """
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    drawn = np.random.default_rng(seed)
    everything = np.concatenate([g.rows for g in groups])
    mean, deviation = everything.mean(0), everything.std(0) + np.float32(1e-3)
    unknown = torch.from_numpy(((UNKNOWN - mean) / deviation).astype(np.float32))
    rows = [torch.from_numpy((g.rows - mean) / deviation) for g in groups]
    served = [torch.from_numpy(g.served) for g in groups]
    sizes = (len(NAMES), *HIDDEN, 1)
    linear = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    network = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])
    optimizer = torch.optim.AdamW(network.parameters(), NETWORK_RATE, weight_decay=1e-3)
    steps, step = NETWORK_PASSES * max(1, len(groups) // GROUPS), 0
    for epoch in range(NETWORK_PASSES):
        losses = []
        for batch in np.array_split(drawn.permutation(len(groups)), max(1, len(groups) // GROUPS)):
            shown = []
            for i in batch:
                seen = rows[i]
                for columns in (PLACE, THEOREM):
                    if drawn.random() < FORGET:
                        seen = seen.clone()
                        seen[:, columns] = unknown[list(columns)]
                shown.append(seen)
            scores = network(torch.cat(shown))[:, 0].split([len(s) for s in shown])
            terms = [
                torch.logsumexp(s, 0) - (torch.logsumexp(s[served[i]], 0) + s[served[i]].mean()) / 2
                for s, i in zip(scores, batch, strict=True)
            ]
            loss = torch.stack(terms).mean()
            for group in optimizer.param_groups:
                group["lr"] = NETWORK_RATE * (1 - step / (steps + 50))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
            step += 1
        say(f"network: pass {epoch + 1} of {NETWORK_PASSES}, loss {np.mean(losses):.3f}")
    layers = {}
    for number, layer in enumerate(linear, start=1):
        layers[f"w{number}"] = layer.weight.detach().numpy().T.copy()
        layers[f"b{number}"] = layer.bias.detach().numpy().copy()
    return mean, deviation, layers


def _bagged(table: Any, bags: Sequence[Bag]) -> Any:
    import torch

    ids = torch.from_numpy(np.concatenate([b[0] for b in bags]))
    weights = torch.from_numpy(np.concatenate([b[1] for b in bags]))
    starts = torch.from_numpy(np.cumsum([0, *(len(b[0]) for b in bags[:-1])]))
    return torch.nn.functional.normalize(table(ids, starts, per_sample_weights=weights), dim=1, eps=1e-6)


@dataclass(frozen=True)
class Example:
    """A state, read, with the premises that its tactic names; `step` is None where it is not the benchmark's."""

    step: Step | None
    goal: GoalWords
    premises: tuple[int, ...]

    @property
    def theorem(self) -> Theorem | None:
        """By its place."""
        return None if self.step is None else (self.step.file, self.step.start)


def train_selector(
    source: Path, split: str, out: Path, library: frozenset[str] | None, states: int, passes: float, dimensions: int, seed: int,
    say: Callable[[str], None], also: Sequence[Path] = (),
) -> SelectorModel:
    """Trains and writes a model.

    Args:
        source: lean-dojo's source distribution, or its folder leandojo_benchmark_4.
        split: random or novel_premises.
        out: the file to write.
        library: names that the memory keeps; None keeps all.
        states: held-out states for the network.
        passes: times through the pairs for the vectors.
        dimensions: of a vector.
        seed: of everything that is drawn.
        say: told what is going on.
        also: runs of `proofsmith mutate`, and what `prover.training.examples` reads as pairs.

    Raises DataError when the source is not the benchmark, or one of `also` cannot be read.
    """
    started = time.monotonic()
    benchmark = PremiseBenchmark.read(source, None)
    premises = benchmark.corpus.premises
    statements = [statement_words(p.name, signature_of(p.name, p.code)) for p in premises]
    examples = read_examples(benchmark, read_steps(source, split, "train"), library is not None)
    held = held_out(examples, seed)
    others = other_examples(also, {p.name: n for n, p in enumerate(premises)})
    learnt = [e for e in examples if e.theorem not in held] + others
    say(
        f"{len(examples)} states that name premises and {len(others)} others, {len(learnt)} for vectors and memory, "
        f"{len(held)} theorems held out"
    )
    words, idf = vocabulary(statements, learnt)
    vectors = train_vectors(
        [known(words, idf, goal_bag(e.goal)) for e in learnt], [known(words, idf, statement_bag(s)) for s in statements],
        [e.premises for e in learnt], [p.file for p in premises], (len(words), dimensions), passes, seed, say,
    )  # fmt: skip
    untrained = {k: np.zeros((1, 1), np.float32) for k in LAYERS}
    none = np.zeros(1, np.float32)

    def model(memory: Memory, mean: Floats, deviation: Floats, layers: Mapping[str, Floats]) -> SelectorModel:
        about = {"split": split, "states": len(examples), "others": len(others), "corpus_sha256": benchmark.sha256, "seed": seed,
                 "library": library is not None}  # fmt: skip
        return SelectorModel(words, idf, *vectors, mean, deviation, layers, memory, about)

    names = [p.name for p in premises]
    benchmark.model = model(memory_of(learnt, names, None), none, none, untrained)
    groups = questions(benchmark, [e for e in examples if e.theorem in held], states, seed, say)
    network = train_network(groups, seed, say)
    found = model(memory_of([*examples, *others], names, library), *network)
    found.write(out)
    say(f"{out}: {out.stat().st_size / 1e6:.1f} MB after {time.monotonic() - started:.0f} s")
    return found


def read_examples(benchmark: PremiseBenchmark, steps: Sequence[Step], own_split: bool) -> list[Example]:
    """The steps that name premises; with `own_split` only of theorems on the train side of the project's split."""
    found = []
    for step in steps:
        if own_split and split_of(step.theorem) != TRAIN:
            continue
        if step.premises and (named := benchmark.wanted(step)):
            found.append(Example(step, goal_words.__wrapped__(step.state), tuple(named)))
    return found


def other_examples(paths: Sequence[Path], numbers: Mapping[str, int]) -> list[Example]:
    """What runs of `proofsmith mutate` and other pairs teach of the premises that have numbers.

    Raises DataError for a path that is neither.
    """
    found = []
    for path in paths:
        rows: list[tuple[str, Sequence[str]]]
        if (path / shards.PLAN).exists():
            rows = [(state_of(m.statement), (m.lemma, m.parent)) for m in shards.mutants(path) if m.split == TRAIN]
        else:
            rows = [(e.prompt, IDENTIFIER.findall(e.target)) for e in read([path], "sft").items if e.split == TRAIN]
        for state, names in rows:
            if named := tuple(sorted({numbers[name] for name in names if name in numbers})):
                found.append(Example(None, goal_words.__wrapped__(state), named))
    return found


def state_of(statement: str) -> str:
    """The goal of a theorem whose name, binders and conclusion are given, as Lean prints it once they are introduced."""
    _, binders, conclusion = parts_of(statement)
    hypotheses = []
    depth, start = 0, 0
    for i, c in enumerate(binders):
        if c in "([{⦃":
            start = i + 1 if depth == 0 else start
            depth += 1
        elif c in ")]}⦄":
            depth -= 1
            if depth == 0:
                hypotheses.append(binders[start:i].strip("{}⦃⦄"))
    return "\n".join([*hypotheses, f"⊢ {conclusion}"])


def held_out(examples: Sequence[Example], seed: int) -> set[Theorem]:
    """Theorems that the network is trained on: some at random, some with all that use a premise that few use."""
    users: dict[int, set[Theorem]] = defaultdict(set)
    for e in examples:
        for premise in e.premises:
            if e.theorem is not None:
                users[premise].add(e.theorem)
    drawn = random.Random(seed)
    theorems = sorted({e.theorem for e in examples if e.theorem is not None})
    held = set(drawn.sample(theorems, min(HELD_OUT, len(theorems) // 10)))
    rare = sorted(p for p, by in users.items() if len(by) <= FEW_USERS)
    drawn.shuffle(rare)
    most = 2 * len(held)
    for premise in rare:
        if len(held) >= most:
            break
        held |= users[premise]
    return held


def vocabulary(statements: Sequence[StatementWords], examples: Sequence[Example]) -> tuple[dict[str, int], Floats]:
    """The words that get a vector, commonest first, and their idf."""
    count: Counter[str] = Counter()
    for s in statements:
        count.update({*s.name, *s.conclusion, *s.assumptions})
    for e in examples:
        count.update({*e.goal.target, *e.goal.hypotheses})
    kept = [w for w, n in count.most_common() if n >= RAREST]
    total = len(statements) + len(examples)
    return {w: i for i, w in enumerate(kept)}, np.array([math.log(total / count[w]) for w in kept], np.float32)


def memory_of(examples: Sequence[Example], names: Sequence[str], library: frozenset[str] | None) -> Memory:
    """The examples as a memory; of `library`'s premises only, and then without features that only one state has."""
    rows = []
    for e in examples:
        cited = [names[p] for p in e.premises if library is None or names[p] in library]
        if cited:
            rows.append((state_features(e.goal.target, e.goal.hypotheses), cited))
    count = Counter(f for features, _ in rows for f in features)
    kept = {f: i for i, f in enumerate(f for f, n in count.items() if n > (library is not None))}
    numbers: dict[str, int] = {}
    features = [[kept[f] for f in features if f in kept] for features, _ in rows]
    served = [[numbers.setdefault(n, len(numbers)) for n in cited] for _, cited in rows]
    return Memory(list(kept), list(numbers), *_flat(features), *_flat(served))


def questions(
    benchmark: PremiseBenchmark, examples: Sequence[Example], states: int, seed: int, say: Callable[[str], None]
) -> list[Group]:
    """Features of candidates, and which of them served, for some states."""
    found: list[Group] = []
    order = list(examples)
    random.Random(seed).shuffle(order)
    for number, e in enumerate(order[:states], start=1):
        assert e.step is not None
        allowed, place = benchmark.allowed(e.step)
        candidates, rows, _ = benchmark.selector.rows(e.step.state, allowed, place)
        served = np.isin(candidates, e.premises)
        if served.any():
            found.append(Group(rows, served))
        if number % 500 == 0:
            say(f"{number} of {states} states for the network")
    return found


def _flat(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.array([n for row in rows for n in row], np.int32), np.array([len(row) for row in rows], np.int32)


def _library(path: Path | None) -> frozenset[str] | None:
    if path is None:
        return None
    try:
        stored: Any = json.loads(gzip.decompress(path.read_bytes()))
        return frozenset(entry[0] for entry in stored["entries"])
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise DataError(f"{path} is no index of premises ({error!r}); `proofsmith setup` makes one") from error


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="lean-dojo-4.20.0.tar.gz, or its leandojo_benchmark_4")
    parser.add_argument("--split", choices=SPLITS, default="random", help="which train part (default random)")
    parser.add_argument("--out", type=Path, required=True, help="the file to write (.npz)")
    parser.add_argument("--library", type=Path, help="premises-….json.gz of the cache folder: keep in memory what cites these")
    parser.add_argument(
        "--also", type=Path, action="append", default=[], metavar="PATH",
        help="a run of `proofsmith mutate`, or pairs; may be repeated",
    )  # fmt: skip
    parser.add_argument("--states", type=int, default=4000, help="held-out states for the network (default 4000)")
    parser.add_argument("--passes", type=float, default=6.0, help="times through the pairs for the vectors (default 6)")
    parser.add_argument("--dimensions", type=int, default=96, help="of a vector (default 96)")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    args = parser.parse_args()
    train_selector(
        args.source, args.split, args.out, _library(args.library), args.states, args.passes, args.dimensions, args.seed, tell,
        args.also,
    )
    return EXIT_DONE


if __name__ == "__main__":
    raise SystemExit(main())
