"""Reading Lean's printed terms, as far as proposers need it.

Not a parser: it finds the connectives and relations at the top of a printed term, the binders in front, the
words in it. What it misreads costs a proposal, never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

OPENING = "([{⟨⦃⌊⌈"
CLOSING = ")]}⟩⦄⌋⌉"
GREEDY = ("∀", "∃", "fun ", "λ", "let ", "have ", "if ", "match ", "Σ", "do ")
"""What takes all that follows it: operators behind it are inside it."""
RELATIONS = (
    "=",
    "≠",
    "≤",
    "<",
    "≥",
    ">",
    "∣",
    "∈",
    "∉",
    "≡",
    "⊆",
    "∧",
    "∨",
    "↔",
    "→",
    "~",
    "<+:",
    "==",
    "!=",
)
NOTATIONS = str.maketrans({"ℕ": "Nat", "ℤ": "Int", "ℚ": "Rat"})
WORD = re.compile(r"[^\W\d][\w.'!?₀-₉✝]*")
RECEIVER = re.compile(r"[a-zα-ω_][\w'₀-₉]*")
LITERAL = re.compile(r"(?<![\w.'₀-₉✝])\d+(?![\w.'])")
BINDER_GROUP = re.compile(r"[({⦃\[](?P<names>[^:()]*?) : (?P<type>.*?)[)}⦄\]]|(?P<bare>[^\s()]+)")


class Binder(NamedTuple):
    """A ∀ or ∃ in front of a term: the names it binds, what bounds the last one (`∈ xs`, or None), and the
    rest.
    """

    names: tuple[str, ...]
    bound: str | None
    type: str | None
    body: str


def tidy(text: str) -> str:
    """One line, and ℕ, ℤ, ℚ by their names."""
    return " ".join(text.translate(NOTATIONS).split())


def top_level(text: str) -> Iterator[int]:
    """Positions outside of all brackets and in front of anything greedy."""
    depth = 0
    for i, c in enumerate(text):
        if c in OPENING:
            depth += 1
        elif c in CLOSING:
            depth -= 1
        elif depth == 0:
            if (i == 0 or not (text[i - 1].isalnum() or text[i - 1] in "._'")) and text.startswith(GREEDY, i):
                return
            yield i


@lru_cache(maxsize=20_000)
def split(text: str, operator: str) -> tuple[str, ...]:
    """The operands of an operator that stands at the top; the term alone when it does not."""
    pattern = f" {operator} "
    if pattern not in text:
        return (text.strip(),)
    parts: list[str] = []
    start = 0
    for i in top_level(text):
        if i >= start and text.startswith(pattern, i):
            parts.append(text[start:i].strip())
            start = i + len(pattern)
    parts.append(text[start:].strip())
    return tuple(parts)


@lru_cache(maxsize=20_000)
def shape(text: str) -> str:
    """What stands at the top of a proposition: ∀ ∃ ↔ → ∨ ∧ ¬, a relation, or the head word."""
    text = stripped(text)
    if text.startswith(("∀", "∃")):
        return text[0]
    for operator in ("↔", "→", "∨", "∧"):
        if len(split(text, operator)) > 1:
            return operator
    if text.startswith("¬"):
        return "¬"
    for operator in RELATIONS:
        if len(split(text, operator)) == 2:
            return operator
    word = WORD.match(text)
    return word[0] if word else text[:1]


@lru_cache(maxsize=20_000)
def sides(text: str) -> tuple[str, str, str] | None:
    """Left, relation, right, when a relation stands at the top."""
    top = shape(text)
    if top not in RELATIONS:
        return None
    parts = split(stripped(text), top)
    return (parts[0], top, parts[1]) if len(parts) == 2 else None


def stripped(text: str) -> str:
    """Without brackets around the whole."""
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for i, c in enumerate(text):
            depth += (c == "(") - (c == ")")
            if depth == 0 and i < len(text) - 1:
                return text
        text = text[1:-1].strip()
    return text


@lru_cache(maxsize=20_000)
def binder(text: str) -> Binder | None:
    """The ∀ or ∃ in front of a term, if there is one."""
    text = stripped(text)
    if not text.startswith(("∀", "∃")):
        return None
    depth = 0
    for i, c in enumerate(text):
        depth += (c in OPENING) - (c in CLOSING)
        if c == "," and depth == 0:
            return _bound(text[1:i].strip().removeprefix("!"), text[i + 1 :].strip())
    return None


def _bound(front: str, body: str) -> Binder:
    for relation in ("∈", "≥", "≤", ">", "<", "≠", "∣", "∉", "⊆"):
        name, found, bound = front.partition(f" {relation} ")
        if found and " " not in name and not name.startswith(("(", "{")):
            return Binder((name,), f"{relation} {bound}", None, body)
    if " : " in front and not front.startswith(("(", "{", "[", "⦃")):
        names, _, of_type = front.partition(" : ")
        return Binder(tuple(names.split()), None, of_type, body)
    bound_names: list[str] = []
    group_type: str | None = None
    for group in BINDER_GROUP.finditer(front):
        bound_names += [group["bare"]] if group["bare"] else group["names"].split()
        group_type = group["type"] or group_type
    return Binder(tuple(bound_names), None, group_type, body)


def premises(text: str) -> tuple[list[str], list[str], str]:
    """What a statement binds, what it assumes, what it concludes."""
    names: list[str] = []
    assumed: list[str] = []
    while True:
        text = stripped(text)
        if text.startswith("∀") and (found := binder(text)) is not None:
            names += found.names
            if found.bound is not None:
                assumed.append(f"{found.names[-1]} {found.bound}")
            text = found.body
            continue
        parts = split(text, "→")
        if len(parts) > 1 and len(split(text, "↔")) == 1:
            assumed += parts[:-1]
            text = parts[-1]
            continue
        return names, assumed, text


@lru_cache(maxsize=20_000)
def words(text: str) -> frozenset[str]:
    """The identifiers in a term, and of `xs.length` also `xs`."""
    found = set(WORD.findall(text))
    return frozenset(found | {w.split(".")[0] for w in found})


@lru_cache(maxsize=20_000)
def literals(text: str) -> tuple[int, ...]:
    """The numerals in a term."""
    return tuple(int(n) for n in LITERAL.findall(text))


def mentions(name: str, text: str) -> bool:
    """Whether a term has the name as a word of its own."""
    return name in words(text)


@lru_cache(maxsize=20_000)
def arguments(text: str, start: int) -> tuple[str, ...]:
    """The arguments that stand behind position `start`, as in `f x (g y)`: atoms and brackets."""
    found: list[str] = []
    i = start
    while i < len(text) and text[i] == " ":
        i += 1
        begin, depth = i, 0
        while i < len(text) and (depth > 0 or text[i] not in " ,;" + CLOSING):
            depth += (text[i] in OPENING) - (text[i] in CLOSING)
            i += 1
        atom = text[begin:i]
        if not atom or not (atom[0].isalnum() or atom[0] in OPENING or atom[0] in "_↑"):
            break
        found.append(atom)
    return tuple(found)


def applications(function: str, text: str) -> list[tuple[str, ...]]:
    """The arguments of each place where a function (by its last name component) is applied, as in `f x y`, `x.f y`, `(g x).f y`.

    What stands in front of the dot is taken for an argument when its name begins with a small letter, else for a namespace.
    """
    last = re.escape(function.rsplit(".", 1)[-1])
    return [
        found
        for m in re.finditer(rf"(?<![\w'])(?P<front>[\w.'₀-₉]+\.)?{last}(?![\w'])", text)
        if (found := (*_receiver(text, m), *arguments(text, m.end())))
    ]


def _receiver(text: str, match: re.Match[str]) -> tuple[str, ...]:
    front = (match["front"] or "").removesuffix(".")
    if front:
        return (front,) if RECEIVER.fullmatch(front) else ()
    end = match.start() - 1
    if text[max(end - 1, 0) : end + 1] != ").":
        return ()
    depth = 0
    for i in range(end - 1, -1, -1):
        depth += (text[i] in CLOSING) - (text[i] in OPENING)
        if depth == 0:
            return (text[i:end],)
    return ()


def comma_parts(text: str) -> list[str]:
    """The parts between commas that stand outside of all brackets, without surrounding spaces."""
    parts: list[str] = []
    depth = 0
    current = ""
    for c in text:
        depth += (c in "([{⟨") - (c in ")]}⟩")
        if c == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += c
    return [*parts, current.strip()]
