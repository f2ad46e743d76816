"""Terms as Lean prints them, read into trees: applications, infix operators, field notation, lists.

What is bound inside a term (`fun`, `match`, `let`, …) is kept as one opaque leaf; `if` has its three parts. Reading is the
inverse of printing up to brackets; what cannot be read is None, and costs a conjecture, never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from prover.policy.terms import GREEDY, comma_parts, words

INFIX: dict[str, tuple[int, int, int]] = {
    "∘": (90, 91, 90), "^": (75, 76, 75), "*": (70, 70, 71), "/": (70, 70, 71), "%": (70, 70, 71),
    "+": (65, 65, 66), "-": (65, 65, 66), "++": (65, 65, 66), "::": (67, 68, 67),
    "==": (50, 51, 51), "!=": (50, 51, 51), "=": (50, 51, 51), "≠": (50, 51, 51), "<": (50, 51, 51), "≤": (50, 51, 51),
    ">": (50, 51, 51), "≥": (50, 51, 51), "∈": (50, 51, 51), "∉": (50, 51, 51), "∣": (50, 51, 51),
    "∧": (35, 36, 35), "&&": (35, 35, 36), "∨": (30, 31, 30), "||": (30, 30, 31), "→": (25, 26, 25), "↔": (20, 21, 21),
    "×": (35, 36, 35),
}  # fmt: skip
"""Operator: its precedence, and that which its left and its right operand need."""
PREFIX = {"¬": 40, "!": 100, "-": 75, "↑": 100}
APPLICATION, ATOM = 100, 1000
TOKEN = re.compile(
    r"\s*(?P<t>[^\W\d][\w.'!?₀-₉✝]*|\d+(?:\.\d+)?|::|\+\+|==|!=|&&|\|\||[∘^*/%+\-=≠<≤>≥∈∉∣∧∨→↔×¬!↑()\[\],#]|\.[\w'₀-₉]+|[^\s])"
)
KEYWORDS = frozenset({"if", "then", "else", "fun", "match", "with", "let", "have", "do", "by", "show", "from"})
LIST = "[]"
"""Head of a list literal."""
BRANCH = "if"
"""Head of a conditional: condition and both branches."""


@dataclass(frozen=True)
class Term:
    """A head and its arguments. A leaf has none; `.f` as a head is field notation, the first argument in front of it."""

    head: str
    args: tuple[Term, ...] = ()
    opaque: bool = False

    def __str__(self) -> str:
        return _print(self, 0)

    def subterms(self) -> Iterator[Term]:
        """Itself and all below, outermost first."""
        yield self
        for a in self.args:
            yield from a.subterms()

    def replaced(self, change: Callable[[Term], Term | None]) -> Term:
        """The term with each outermost subterm for which `change` gives one replaced by it."""
        new = change(self)
        if new is not None:
            return new
        return Term(self.head, tuple(a.replaced(change) for a in self.args), self.opaque) if self.args else self

    @property
    def size(self) -> int:
        """Number of nodes."""
        return 1 + sum(a.size for a in self.args)

    @property
    def names(self) -> frozenset[str]:
        """The identifiers in it."""
        own = words(self.head) if self.opaque or self.head[:1].isalpha() or self.head[:1] == "_" else frozenset()
        return own.union(*(a.names for a in self.args)) if self.args else own


def last(head: str) -> str:
    """The last component of a head's name; operators are their own."""
    return head.rsplit(".", 1)[-1] or head


def replaced(term: Term, old: Term, new: Term) -> Term:
    """The term with one subterm replaced by another wherever it stands."""
    return term.replaced(lambda t: new if t == old else None)


def _print(term: Term, level: int) -> str:
    if not term.args:
        if term.opaque:
            return f"({term.head})"
        return "[]" if term.head == LIST else term.head
    if term.head == LIST:
        return "[" + ", ".join(_print(a, 0) for a in term.args) + "]"
    if term.head == BRANCH:
        text = " ".join(f"{word} {_print(a, 0)}" for word, a in zip(("if", "then", "else"), term.args, strict=True))
        return f"({text})" if level else text
    if term.head in INFIX and len(term.args) == 2:
        own, left, right = INFIX[term.head]
        text = f"{_print(term.args[0], left)} {term.head} {_print(term.args[1], right)}"
        return f"({text})" if own < level else text
    if term.head in PREFIX and len(term.args) == 1:
        text = term.head + _print(term.args[0], PREFIX[term.head])
        return f"({text})" if PREFIX[term.head] < level else text
    if term.head.startswith("."):
        head, rest = _print(term.args[0], ATOM) + term.head, term.args[1:]
        if not rest:
            return head
    else:
        head, rest = term.head, term.args
    text = " ".join([head, *(_print(a, ATOM) for a in rest)])
    return f"({text})" if level > APPLICATION else text


@lru_cache(maxsize=20_000)
def read(text: str) -> Term | None:
    """The term that a text is; None when it cannot be read."""
    if text.startswith("if "):
        return _branch(text)
    if text.startswith(GREEDY):
        return Term(text, opaque=True)
    reader = _Reader(text)
    term = reader.level(0)
    return term if term is not None and reader.at_end() else None


class _Reader:
    """Precedence climbing over the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        found = TOKEN.match(self.text, self.at)
        return found["t"] if found else ""

    def spaced(self) -> bool:
        return self.text[self.at : self.at + 1].isspace()

    def take(self) -> str:
        found = TOKEN.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found["t"]

    def at_end(self) -> bool:
        return not self.text[self.at :].strip()

    def level(self, lowest: int) -> Term | None:
        left = self.prefix()
        while left is not None:
            operator = self.peek()
            if operator not in INFIX or not self.spaced():
                return left
            own, _, right_level = INFIX[operator]
            if own < lowest:
                return left
            self.take()
            right = self.level(right_level)
            left = Term(operator, (left, right)) if right is not None else None
        return None

    def prefix(self) -> Term | None:
        token = self.peek()
        if token in PREFIX:
            self.take()
            inner = self.level(PREFIX[token])
            return Term(token, (inner,)) if inner is not None else None
        return self.application()

    def application(self) -> Term | None:
        head = self.atom()
        if head is None:
            return None
        args: list[Term] = []
        while self.spaced() and self._begins_atom():
            argument = self.atom()
            if argument is None:
                return None
            args.append(argument)
        if not args:
            return head
        if head.opaque or (head.args and not head.head.startswith(".")) or head.head == LIST:
            return None
        return Term(head.head, (*head.args, *args))

    def _begins_atom(self) -> bool:
        token = self.peek()
        return token in ("(", "[", "!") or (bool(token) and (token[0].isalnum() or token[0] == "_")) or token == "↑"

    def atom(self) -> Term | None:
        token = self.peek()
        if token == "(":
            found = self._bracketed()
        elif token == "[":
            found = self._list()
        elif token == "↑":
            self.take()
            inner = self.atom()
            return Term("↑", (inner,)) if inner is not None else None
        elif (rest := self.text[self.at :].strip()).startswith(GREEDY):  # it reaches to the end
            self.at = len(self.text)
            return read(rest)
        elif token and token not in KEYWORDS and (token[0].isalnum() or token[0] == "_"):
            found = Term(self.take())
        else:
            return None
        while found is not None and not self.spaced() and self.peek().startswith(".") and len(self.peek()) > 1:
            found = Term(self.take(), (found,))
        return found

    def _bracketed(self) -> Term | None:
        end = _closing(self.text, self.text.index("(", self.at))
        if end is None:
            return None
        inner = self.text[self.text.index("(", self.at) + 1 : end]
        self.at = end + 1
        if (inner.startswith(GREEDY) and not inner.startswith("if ")) or " : " in inner or "," in inner:
            return Term(inner, opaque=True)
        return read(inner.strip()) or Term(inner, opaque=True)

    def _list(self) -> Term | None:
        start = self.text.index("[", self.at)
        end = _closing(self.text, start)
        if end is None:
            return None
        inner = self.text[start + 1 : end]
        self.at = end + 1
        items = [read(i) for i in comma_parts(inner)] if inner.strip() else []
        return Term(LIST, tuple(i for i in items if i is not None)) if None not in items else None


def _branch(text: str) -> Term | None:
    """`if c then a else b`, the words taken at their own depth; an `if` with a name is opaque."""
    pieces: list[str] = []
    depth = inner = start = 0
    for found in re.finditer(r"[(\[{⟨)\]}⟩]|(?<![\w.'])(?:if|then|else)(?![\w'])", text):
        word = found[0]
        depth += (word in "([{⟨") - (word in ")]}⟩")
        if depth == 0 and word == "if":
            inner += 1
            start = found.end() if inner == 1 else start
        elif depth == 0 and word in ("then", "else"):
            if inner == 1:
                pieces.append(text[start : found.start()].strip())
                start = found.end()
            inner -= word == "else" and inner > 1
    pieces.append(text[start:].strip())
    parts = [read(p) for p in pieces]
    if len(parts) != 3 or None in parts or " : " in pieces[0]:
        return Term(text, opaque=True)
    return Term(BRANCH, tuple(p for p in parts if p is not None))


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in "([{⟨") - (text[i] in ")]}⟩")
        if depth == 0:
            return i
    return None
