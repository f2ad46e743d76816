"""Invariants of loops: what a specification says of the call that starts a loop, said of every state the loop goes through.

`∀ k < a.size, loop a 0 x ≤ a[k]!` is no statement for an induction, since `0` and `x` change on the way. It becomes one for all
their values, under premises that hold of the first ones and are kept by each round. What the premises may be is read off the
specification: it says of the accumulator what it says of the result, with the index in place of the bound of its quantifiers
("replacing a constant by a variable": Gries, The Science of Programming, 1981); an array is still as it was behind the index;
sums and differences of numbers stay as they are. A loop without an accumulator says something of what is still to come: the
quantifiers begin at its index. Most candidates are wrong; `prover.prove.loops` keeps those that Lean can prove.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from prover.policy.goal import NUMBERS, Goal
from prover.policy.sources import Function
from prover.policy.terms import arguments, split, stripped

MAX_PREMISES = 24
BOUNDED = re.compile(r"(?<![\w.'])(?P<name>[^\W\d][\w']*) < (?P<bound>[^→∧∨↔,⊢]+?) (?P<then>→|∧)")
"""`k < bound →` and `k < bound ∧`, as a quantifier's range is printed."""
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Loop:
    """A call of a recursive function, as it is printed; `moving`: the places of the arguments that its recursion changes."""

    function: Function
    call: str
    given: tuple[str, ...]
    moving: tuple[int, ...]

    @property
    def starts(self) -> tuple[str, ...]:
        """What stands at the moving places."""
        return tuple(self.given[i] for i in self.moving)

    def at(self, values: tuple[str, ...]) -> str:
        """The call with other values at the moving places."""
        given = dict(zip(self.moving, values, strict=True))
        return " ".join([self.call.split(" ", 1)[0], *(given.get(i, a) for i, a in enumerate(self.given))])


@dataclass(frozen=True)
class Invariant:
    """`∀ names, premises → statement`, of which the goal is the instance at the loop's starts."""

    loop: Loop
    names: tuple[str, ...]
    premises: tuple[str, ...]
    statement: str

    def at_start(self, premise: str) -> str:
        """A premise as it reads where the loop starts."""
        for name, start in zip(self.names, self.loop.starts, strict=True):
            premise = _put(premise, name, start)
        return premise


def loops(goal: Goal) -> list[Loop]:
    """The calls in the target that start a loop: something that the recursion changes is no variable of its own yet.

    A recursion along patterns counts as one where it starts with a number that it changes; what else it may start with, an
    accumulator's empty list, is for `prover.policy.lemmas.accumulator`.
    """
    found: dict[str, Loop] = {}
    free = {v.name for v in goal.data}
    for f in goal.own_functions:
        moving = tuple(sorted({*f.splits_on, *f.changing}))
        if not f.recursive or not moving:
            continue
        for m in re.finditer(rf"(?<![\w'.])(?:[^\W\d][\w'.]*\.)?{re.escape(f.last)}(?= )", goal.target):
            given = arguments(goal.target, m.end())[: f.arity]
            if len(given) < f.arity or all(given[i] in free for i in moving):
                continue
            if f.endless or any(NUMBER.fullmatch(given[i]) for i in f.changing):
                call = " ".join([m[0], *given])
                found[call] = Loop(f, call, given, moving)
    return list(found.values())


def invariants(goal: Goal, loop: Loop) -> Iterator[Invariant]:
    """What may be proved of all rounds: what is said of the result; and, of what is still to come, the same from the index on."""
    names = _names(goal, loop)
    changed = goal.target.replace(loop.call, loop.at(names))
    if loop.call in changed and loop.at(names) != loop.call:
        return
    premises = tuple(dict.fromkeys(_premises(goal, loop, names)))[:MAX_PREMISES]
    whole = Invariant(loop, names, premises, changed)
    indices = [n for n, start in zip(names, loop.starts, strict=True) if NUMBER.fullmatch(start)]
    rest = [Invariant(loop, names, premises, new) for name in indices if (new := _from(changed, name)) != changed]
    yield from [*rest, whole] if len(names) == 1 else [whole, *rest]


def opened(goal: Goal, invariant: Invariant, kept: Sequence[str], close: str) -> str:
    """The tactic that states an invariant under some of its premises, has the goal follow, and goes along the loop with the
    induction hypothesis applied: it leaves the end of the loop, and that a round keeps premise i as a case `inv<i>`, from 1.
    """
    loop, names = invariant.loop, " ".join(invariant.names)
    spec = goal.fresh("loop_spec", invariant.names)
    cases = [f"inv{i + 1}" for i in range(len(kept))]
    premises = "".join(f"({n} : {p}) → " for n, p in zip(cases, kept, strict=True))
    proofs = [f"({at_once(close)})" for _ in kept]
    use = " ".join([spec, *map(_bracketed, loop.starts), *proofs])
    return "\n".join([
        f"suffices {spec} : ∀ {names}, {premises}({invariant.statement}) from by first | exact {use} | {close}",
        f"intro {' '.join([*invariant.names, *cases])}",
        f"fun_induction {loop.at(invariant.names)} <;> (try (rename_i ih; apply ih <;> clear ih))",
    ])  # fmt: skip


def at_once(close: str) -> str:
    """A proof of what holds where the loop starts."""
    return f"by first | {close} | simp"


def _premises(goal: Goal, loop: Loop, names: tuple[str, ...]) -> Iterator[str]:
    """Candidates, the likeliest first: some do not even have a type."""
    started = dict(zip(names, loop.starts, strict=True))
    bounds = dict.fromkeys(m["bound"] for m in BOUNDED.finditer(goal.target) if loop.call not in m["bound"])
    for name, start in started.items():
        if NUMBER.fullmatch(start):
            if start != "0":
                yield f"{start} ≤ {name}"
            yield from (f"{name} ≤ {bound}" for bound in bounds)
            yield from (f"{name} ≤ {a}.{size}" for i, a in enumerate(loop.given) if i not in loop.moving and a.isidentifier()
                        for size in ("size", "length") if f"{a}.{size}" not in bounds)  # fmt: skip
    indices = [n for n in names if NUMBER.fullmatch(started[n])]
    for accumulator in names:
        for said in _parts(goal.target):
            if loop.call not in said:
                continue
            of_it = said.replace(f"({loop.call})", accumulator).replace(loop.call, accumulator)
            ranges = [m for m in BOUNDED.finditer(of_it) if m["bound"] in bounds]
            for index in indices:
                if index != accumulator and ranges:
                    yield _put_bounds(of_it, index, bounds)
            yield of_it
        if not NUMBER.fullmatch(started[accumulator]):
            k = goal.fresh("k", (*names, *goal.words))
            for index in indices:
                yield f"∀ {k}, {index} ≤ {k} → {accumulator}[{k}]! = {_bracketed(started[accumulator])}[{k}]!"
                yield from (f"{accumulator}.{size} + {started[index]} = {index}" for size in ("size", "length"))
            yield f"{accumulator}.size = {_bracketed(started[accumulator])}.size"
    for one, other in combinations([n for n in names if "[" not in started[n] and not _is_container(goal, started[n])], 2):
        yield f"{one} + {other} = {started[one]} + {started[other]}"
        yield f"{one} + {started[other]} = {other} + {started[one]}"


def _parts(text: str) -> Iterator[str]:
    """The conjuncts of a proposition."""
    parts = split(stripped(text), "∧")
    if len(parts) == 1:
        yield stripped(text)
        return
    for part in parts:
        yield from _parts(part)


def _is_container(goal: Goal, start: str) -> bool:
    return any(v.name == start and v.type not in NUMBERS for v in goal.data)


def _put_bounds(text: str, index: str, bounds: dict[str, None]) -> str:
    return BOUNDED.sub(lambda m: f"{m['name']} < {index} {m['then']}" if m["bound"] in bounds else m[0], text)


def _from(text: str, index: str) -> str:
    """The proposition with its bounded quantifiers beginning at an index."""
    return BOUNDED.sub(lambda m: f"{index} ≤ {m['name']} {m['then']} {m[0]}" if _bound_in(text, m) else m[0], text)


def _bound_in(text: str, m: re.Match[str]) -> bool:
    """Whether a quantifier in front binds the name."""
    return re.search(rf"[∀∃][^,]*(?<![\w.']){re.escape(m['name'])}(?![\w'])[^,]*,", text[: m.start()]) is not None


def _put(text: str, name: str, value: str) -> str:
    return re.sub(rf"(?<![\w.']){re.escape(name)}(?![\w'])", lambda _: _bracketed(value), text)


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.'!?]+|\(.*\)|#\[.*\]", text) else f"({text})"


def _names(goal: Goal, loop: Loop) -> tuple[str, ...]:
    """New names for what moves, which the goal does not bind either."""
    found: list[str] = []
    for start in loop.starts:
        found.append(goal.fresh("i" if NUMBER.fullmatch(start) else "acc", (*found, *goal.words)))
    return tuple(found)

