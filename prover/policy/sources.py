"""What the text of a file's own definitions tells: on which argument a function recurses, which constructors
a type has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from prover.lean.context import FileContext, FunctionFacts, InductiveFacts
from prover.policy.terms import applications, comma_parts, premises, split, tidy, words

COMMENT = re.compile(r"/-.*?-/|--[^\n]*", re.DOTALL)
SIGNATURE = re.compile(
    r"\b(?:def|abbrev|inductive|structure|instance|let rec)\s+(?P<name>[^\s({\[:]+)(?P<rest>.*)", re.DOTALL
)
REDUCIBLE = re.compile(r"@\[[^\]]*\breducible\b|\babbrev\b")
EXPLICIT = re.compile(r"\(([^():]+?)\s*:\s*((?:[^()]|\([^()]*\))*)\)")
PLAIN_PATTERN = re.compile(r"^(_|[a-zα-ω][\w'₀-₉]*)$")
CONSTRUCTOR = re.compile(r"^\s*\|\s*(?P<name>[\w'.]+)(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True)
class Function:
    """A definition: how many explicit arguments it takes, and which of them it takes apart (from 0).

    `reducible`: `grind` unfolds it by itself and refuses its name. `endless`: its one equation holds of all arguments, so that
    `simp` would unfold its recursion without an end.
    """

    name: str
    arity: int
    splits_on: tuple[int, ...]
    recursive: bool
    changing: tuple[int, ...] = ()
    uses: frozenset[str] = frozenset()
    locals: tuple[str, ...] = ()
    reducible: bool = False
    endless: bool = False

    @property
    def last(self) -> str:
        """The last component of the name."""
        return self.name.rsplit(".", 1)[-1]


@dataclass(frozen=True)
class Constructor:
    """A constructor with its explicit fields; `recursive` marks those whose type is made by the same
    inductive type.
    """

    name: str
    fields: tuple[str, ...]
    recursive: tuple[bool, ...]


@dataclass(frozen=True)
class Inductive:
    """An inductive type or predicate and its constructors."""

    name: str
    is_prop: bool
    constructors: tuple[Constructor, ...]

    @property
    def last(self) -> str:
        """The last component of the name."""
        return self.name.rsplit(".", 1)[-1]


@lru_cache(maxsize=1024)
def function_of(name: str, source: str) -> Function:
    """Reads a definition's text; one that cannot be read has no arguments."""
    text = COMMENT.sub(" ", source)
    found = SIGNATURE.search(text)
    if found is None:
        return Function(name, 0, (), False)
    last = name.rsplit(".", 1)[-1]
    body_at, head = _body(found["rest"])
    body = found["rest"][body_at:]
    explicit = [n for names, _ in EXPLICIT.findall(head) for n in names.split()]
    colon = _result_type(head)
    arrows = len(split(tidy(colon), "→")) - 1 if colon else 0
    splits: set[int] = set()
    for line in re.findall(r"^\s*\|(.*?)(?:=>|↦)", body, re.MULTILINE):
        patterns = comma_parts(line)
        for i, pattern in enumerate(patterns):
            if not PLAIN_PATTERN.match(pattern):
                splits.add(i)
    scrutinee = re.search(r"\bmatch\s+(.*?)\s+with\b", body)
    if scrutinee is not None:
        names = comma_parts(scrutinee[1])
        splits = {explicit.index(names[i]) for i in splits if i < len(names) and names[i] in explicit}
    elif body.lstrip().startswith("|"):
        splits = {len(explicit) + i for i in splits}
    recursive = re.search(rf"(?<![\w']){re.escape(last)}(?![\w'])", body) is not None
    changing: set[int] = set()
    for call in applications(last, body):
        changing |= {i for i, a in enumerate(call) if i not in splits and (i >= len(explicit) or a != explicit[i])}
    used = frozenset(w.rsplit(".", 1)[-1] for w in words(body))
    reducible = REDUCIBLE.search(text[: found.start("name")]) is not None
    return Function(
        name, len(explicit) + arrows, tuple(sorted(splits)), recursive, tuple(sorted(changing)), used, reducible=reducible
    )


@lru_cache(maxsize=1024)
def inductive_of(name: str, source: str) -> Inductive | None:
    """Reads an inductive type's text; None for anything else, structures among them."""
    text = COMMENT.sub(" ", source)
    found = SIGNATURE.search(text)
    if found is None or "inductive" not in text[: found.start("name")]:
        return None
    head, _, rest = (
        found["rest"].partition("\n") if " where" not in found["rest"] else found["rest"].partition(" where")
    )
    last = name.rsplit(".", 1)[-1]
    constructors = []
    for piece in re.split(r"(?=^\s*\|)|(?<=\S)\s+(?=\|\s)", rest, flags=re.MULTILINE):
        made = CONSTRUCTOR.match(piece)
        if made is None or made["name"].startswith("deriving"):
            continue
        body = re.split(r"\bderiving\b", made["rest"])[0]
        fields: list[str] = []
        recursive: list[bool] = []
        for names, of_type in EXPLICIT.findall(_before_colon(body)):
            for n in names.split():
                fields.append(n)
                recursive.append(last in re.findall(r"[\w']+", of_type))
        colon = _result_type(body)
        if colon:
            _, assumed, _ = premises(tidy(colon))
            for i, of_type in enumerate(assumed):
                fields.append(f"a{i + 1}" if len(assumed) > 1 else "a")
                recursive.append(last in re.findall(r"[\w']+", of_type))
        constructors.append(Constructor(made["name"], tuple(fields), tuple(recursive)))
    return Inductive(name, bool(re.search(r"(:|→)\s*Prop\s*$", head.rstrip())), tuple(constructors))


def known_inductive(name: str, facts: object) -> Inductive | None:
    """An inductive type as Lean describes it; None where Lean was not asked. A structure counts as one."""
    if not isinstance(facts, InductiveFacts):
        return None
    made = []
    for c in facts.constructors:
        fields = tuple(_sayable(f, i, len(c.fields)) for i, f in enumerate(c.fields))
        made.append(Constructor(c.name, fields, c.recursive))
    return Inductive(name, facts.prop, tuple(made))


def _sayable(field: str, place: int, count: int) -> str:
    """A constructor's field as a pattern can name it."""
    if re.fullmatch(r"[^\W\d][\w'₀-₉]*", field):
        return field
    return f"a{place + 1}" if count > 1 else "a"


def informed(function: Function, facts: object) -> Function:
    """A function with what Lean says of its recursion in place of what its text says."""
    if not isinstance(facts, FunctionFacts):
        return function
    if not facts.recursive:
        return replace(function, arity=facts.arity, recursive=False, locals=facts.locals)
    captured = max(facts.arity - function.arity, 0)  # by a `let rec`, or declared as variables: they stand in front
    told = tuple(i + captured for i in function.splits_on)
    splits = (told or facts.recurses) if facts.measured else tuple(sorted({*told, *facts.recurses}))
    changing = tuple(i for i in (*facts.changing, *facts.recurses) if i not in splits)
    return replace(
        function, arity=facts.arity, recursive=True, splits_on=splits, changing=changing, locals=facts.locals,
        endless=facts.measured and not told,
    )  # fmt: skip


def source_of(name: str, sources: Mapping[str, str]) -> str:
    """A definition's text; of a function that a `let rec` of another one defines, its part of that one's."""
    own = sources.get(name)
    outer, _, inner = name.rpartition(".")
    if own is not None or outer not in sources:
        return own or ""
    found = re.search(rf"\blet rec\s+{re.escape(inner)}\b.*?(?=\blet rec\b|\Z)", sources[outer], re.DOTALL)
    return found[0] if found is not None else ""


def function_in(context: FileContext, name: str) -> Function:
    """One of a file's functions, by its text and by what Lean says of it."""
    return informed(function_of(name, source_of(name, context.sources)), context.facts.get(name))


def _body(rest: str) -> tuple[int, str]:
    """Where a definition's body begins, and what stands in front of it."""
    found = re.search(r":=|^\s*\|", rest, re.MULTILINE)
    at = found.start() if found else len(rest)
    return at, rest[:at]


def _before_colon(text: str) -> str:
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == ":" and depth == 0 and text[i : i + 2] != ":=":
            return text[:i]
    return text


def _result_type(head: str) -> str:
    return head[len(_before_colon(head)) + 1 :].strip()
