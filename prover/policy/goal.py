"""A goal as proposers look at it: sorted into types, data and facts, read once for each state."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from prover.lean.context import FileContext
from prover.policy.base import GoalText, View
from prover.policy.sources import Function, Inductive, function_in, inductive_of, known_inductive
from prover.policy.terms import NOTATIONS, premises, shape, tidy, words

NUMBERS = ("Nat", "Int", "Rat")
DATA = frozenset({
    "Nat", "Int", "Rat", "Bool", "List", "Option", "Array", "Fin", "BitVec", "String", "Char", "Prod", "Sum",
    "Unit", "UInt8", "UInt16", "UInt32", "UInt64", "USize", "Int8", "Int16", "Int32", "Int64", "ISize", "Vector",
    "ByteArray", "Subtype", "Sigma", "PSigma", "Except",
})  # fmt: skip
SORT = re.compile(r"^(Type|Prop|Sort)\b")


@dataclass(frozen=True)
class Var:
    """A hypothesis that a tactic can name; `kind` is sort, data or fact."""

    name: str
    type: str
    kind: str

    @property
    def head(self) -> str:
        """The first word of the type."""
        return self.type.lstrip("(").split(" ", 1)[0]


@dataclass(frozen=True)
class Goal:
    """The first goal of a view, read."""

    target: str
    hypotheses: tuple[Var, ...]
    taken: frozenset[str]
    functions: tuple[Function, ...]
    inductives: tuple[Inductive, ...]
    case: str | None = None
    theorems: tuple[str, ...] = field(default=())
    inaccessible: tuple[str, ...] = field(default=())
    deprecated: tuple[tuple[str, str], ...] = field(default=())

    @cached_property
    def unnamed(self) -> tuple[str, ...]:
        """New names for the inaccessible hypotheses, in order, as `rename_i` takes them; none when all can be said."""
        return tuple(self.several(*(n.split("✝")[0] if n[0].isalpha() else "h" for n in self.inaccessible)))

    @cached_property
    def hints(self) -> tuple[str, ...]:
        """The own functions of the goal and those that these are made of, as simp and grind are told them."""
        found = list(self.own_functions)
        for f in found:
            found += [g for g in self.functions if (g.last in f.uses or g.name in f.locals) and g not in found]
        return tuple(f.name for f in found)

    @cached_property
    def equations(self) -> tuple[str, ...]:
        """The hints that grind takes: not those of reducible functions, which it unfolds by itself."""
        unfolded = {f.name for f in self.functions if f.reducible}
        return tuple(name for name in self.hints if name not in unfolded)

    @cached_property
    def rewriting(self) -> tuple[str, ...]:
        """The hints that simp takes: not those that it would unfold without an end."""
        endless = {f.name for f in self.functions if f.endless}
        return tuple(name for name in self.hints if name not in endless)

    @cached_property
    def shape(self) -> str:
        """What stands at the top of the target."""
        return shape(self.target)

    @cached_property
    def data(self) -> tuple[Var, ...]:
        """The variables."""
        return tuple(h for h in self.hypotheses if h.kind == "data")

    @cached_property
    def facts(self) -> tuple[Var, ...]:
        """The hypotheses that say something."""
        return tuple(h for h in self.hypotheses if h.kind == "fact")

    @cached_property
    def words(self) -> frozenset[str]:
        """The identifiers of the target."""
        return words(self.target)

    @cached_property
    def text(self) -> str:
        """The facts and the target in one line."""
        return " ⊢ ".join([*(f.type for f in self.facts), self.target])

    @cached_property
    def ground(self) -> str:
        """The target and the facts that bind no variables: what is said of this goal's variables alone."""
        return " ⊢ ".join([*(f.type for f in self.facts if shape(f.type) != "∀"), self.target])

    @cached_property
    def own_functions(self) -> tuple[Function, ...]:
        """The file's own functions that occur in the target or in the facts."""
        last = {w.rsplit(".", 1)[-1] for w in words(self.text)}
        named = tuple(f for f in self.functions if f.last in last)
        if not named and len(self.functions) <= 4 and set(self.target) & set("⟪⟫⋆⊕⊗⟦⟧‖⋄◦▷◁"):
            return self.functions  # behind a notation
        return named

    def numbers(self, *types: str) -> tuple[Var, ...]:
        """The variables of these numeric types (all of them by default)."""
        return tuple(v for v in self.data if v.type in (types or NUMBERS))

    def fresh(self, wanted: str, also_taken: tuple[str, ...] = ()) -> str:
        """A name that is not in use: the one wanted, or with a subscript."""
        if wanted not in self.taken and wanted not in also_taken:
            return wanted
        for i in range(1, 100):
            name = wanted + str(i).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
            if name not in self.taken and name not in also_taken:
                return name
        return wanted

    def several(self, *wanted: str) -> list[str]:
        """Fresh names that also differ from each other."""
        names: list[str] = []
        for w in wanted:
            names.append(self.fresh(w, tuple(names)))
        return names

    def inductive(self, var: Var) -> Inductive | None:
        """The file's own inductive type that a hypothesis' type is made by."""
        last = var.head.rsplit(".", 1)[-1]
        return next((i for i in self.inductives if i.last == last), None)


def first_goal(view: View) -> Goal | None:
    """The goal that is worked on, read; None when there is none."""
    return _read(view.goals[0], view.file_context) if view.goals else None


@lru_cache(maxsize=4096)
def _read(goal: GoalText, file_context: FileContext) -> Goal:
    inductives = tuple(
        found
        for name in file_context.inductives
        if (found := known_inductive(name, file_context.facts.get(name)))
        or (found := inductive_of(name, file_context.sources.get(name, "")))
    )
    functions = tuple(function_in(file_context, name) for name in file_context.definitions)
    types = {i.last for i in inductives if not i.is_prop}
    variables: list[Var] = []
    sorts: set[str] = set()
    propositions: set[str] = set()
    for h in goal.hypotheses:
        of_type = tidy(h.type)
        kind = _kind(of_type, types, sorts, propositions)
        if of_type == "Prop":
            propositions.add(h.name)
        elif kind == "sort":
            sorts.add(h.name)
        if h.accessible and not h.name.startswith("inst"):
            variables.append(Var(h.name, of_type, kind))
    return Goal(
        target=tidy(goal.target),
        hypotheses=tuple(variables),
        taken=frozenset(h.name for h in goal.hypotheses),
        functions=functions,
        inductives=inductives,
        case=goal.case,
        theorems=tuple(file_context.theorems),
        deprecated=tuple(file_context.deprecated.items()),
        inaccessible=tuple(h.name for h in goal.hypotheses if not h.accessible and not h.name.startswith("inst")),
    )


def _kind(of_type: str, own_types: set[str], sorts: set[str], propositions: set[str]) -> str:
    if SORT.match(of_type):
        return "sort"
    top = shape(of_type)
    if top in ("→", "∀"):
        _, _, conclusion = premises(of_type)
        if SORT.match(conclusion):
            return "data"  # a predicate or a relation
        if conclusion in propositions:
            return "fact"
        top = shape(conclusion)
        of_type = conclusion
    head = of_type.lstrip("(").split(" ", 1)[0].split(".")[-1]
    if top == "×" or (" × " in of_type and top not in ("=", "∧", "∨", "↔", "¬", "∃", "∈", "≠")):
        return "data"
    if top not in ("=", "∧", "∨", "↔", "¬", "∃", "∈", "≠", "≤", "<", "≥", ">", "∣") and (
        head in DATA or head in own_types or head in sorts
    ):
        return "data"
    return "fact"


__all__ = ["NOTATIONS", "Goal", "Var", "first_goal"]
