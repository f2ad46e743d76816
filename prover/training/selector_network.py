"""The two trainings of the premise selector, with torch on one thread: vectors of words, and a network over features."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.policy.premises.features import NAMES, UNKNOWN
from prover.policy.premises.postings import Floats

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
