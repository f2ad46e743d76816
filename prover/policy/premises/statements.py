"""Premises, and the words of printed terms and signatures, as the selector compares goals and premises by them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from prover.policy.terms import shape, sides, stripped, tidy

TOKEN = re.compile(r"[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*|\d+|[^\w\s()\[\]{}⟨⟩,:.]+")
SIGNATURE = re.compile(r"^(?P<name>\S+?)(?:\.\{[^}]*\})?(?=\s)(?P<rest>.*)$", re.DOTALL)
GROUP = re.compile(r"[({\[⦃]([^:()\[\]{}]+?) :")
VARIABLE = re.compile(r"^[a-zα-ωA-Z]{1,2}[₀-₉\d']*$")
BEFORE = re.compile(r"\A(?:@\[[^\]]*\]|/--.*?-/|\s+)*", re.DOTALL)
KEYWORD = re.compile(
    r"(?:(?:private|protected|noncomputable|nonrec|unsafe|partial|scoped|local)\s+)*"
    r"(theorem|lemma|def|abbrev|instance|structure|class|inductive|axiom|irreducible_def|opaque|\S+)\s*"
)
LONGEST_CODE = 1500
SILENT = frozenset({"→", "∀", "Type", "Prop", "Sort", "fun", "=>", "u", "v", "u_1", "u_2", "h", "¬", "↑"})


@dataclass(frozen=True)
class Premise:
    """A theorem that was found; a higher score fits better."""

    name: str
    statement: str
    score: float

    @property
    def rewrites(self) -> bool:
        """Whether it concludes an equation or an equivalence."""
        return shape(conclusion_of(self.statement)) in ("=", "↔")

    @property
    def equivalence(self) -> bool:
        """Whether it concludes an equivalence."""
        return shape(conclusion_of(self.statement)) == "↔"


def signature_of(name: str, code: str) -> str:
    """A declaration's signature from its source: full name, binders, conclusion; without attributes and body."""
    text = BEFORE.sub("", code[:LONGEST_CODE])
    keyword = KEYWORD.match(text)
    kind = keyword[1] if keyword else ""
    text = text[keyword.end() :] if keyword else text
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{⟨⦃") - (c in ")]}⟩⦄")
        if depth == 0 and text.startswith((":=", " where", "\n  |"), i):
            text = text[:i]
            break
    if kind != "instance" or not text.startswith((":", "[", "(", "{")):
        text = re.sub(r"\A\S+", "", text)
    return f"{name} {' '.join(text.split())}"


def last_component(name: str) -> str:
    """Behind the last dot, without primes."""
    return name.rsplit(".", 1)[-1].rstrip("'")


@lru_cache(maxsize=50_000)
def parts_of(signature: str) -> tuple[str, str, str]:
    """Name, binders and conclusion of a signature."""
    found = SIGNATURE.match(signature)
    if found is None:
        return "", "", tidy(signature)
    rest = " ".join(found["rest"].split())
    depth = 0
    for i, c in enumerate(rest):
        depth += (c in "([{⦃⟨") - (c in ")]}⦄⟩")
        if c == ":" and depth == 0:
            return found["name"], rest[:i].strip(), rest[i + 1 :].strip()
    return found["name"], "", rest


@lru_cache(maxsize=50_000)
def conclusion_of(signature: str) -> str:
    """What a theorem concludes, without the assumptions that stand as arrows."""
    text = parts_of(signature)[2]
    depth = 0
    last = 0
    for i, c in enumerate(text):
        depth += (c in "([{⦃⟨") - (c in ")]}⦄⟩")
        if (depth == 0 and c == "→") or (depth == 0 and c == "," and text[last:].lstrip().startswith("∀")):
            last = i + 1
        elif depth == 0 and c in "↔∃":
            break
    return stripped(text[last:].strip())


def head_of(proposition: str) -> tuple[str, str]:
    """The relation at the top and the outermost function of its left side."""
    found = sides(proposition)
    top = shape(proposition)
    left = found[0] if found else proposition
    return top, _outermost(left)


def _outermost(term: str) -> str:
    term = stripped(term)
    for operator in ("::", "++", "+", "-", "*", "/", "%", "^"):
        if f" {operator} " in re.sub(r"\([^()]*\)", "", term):
            return operator
    method = re.search(r"\.([a-z][\w'?!]*)[^.()]*$", term)
    if method:
        return method[1]
    word = re.match(r"[\w.']+", term)
    return word[0].rsplit(".", 1)[-1] if word and len(word[0]) > 1 else ""


PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[^\W\d_]+")
OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod", "^": "pow", "•": "smul", "⁻¹": "inv", "=": "eq",
    "≠": "ne", "≤": "le", "<": "lt", "≥": "le", ">": "lt", "∣": "dvd", "∈": "mem", "∉": "mem", "⊆": "subset",
    "⊂": "ssubset", "∪": "union", "∩": "inter", "∧": "and", "∨": "or", "↔": "iff", "∃": "exists", "⊓": "inf",
    "⊔": "sup", "⊤": "top", "⊥": "bot", "++": "append", "::": "cons", "[]": "nil", "∘": "comp", "×": "prod",
    "&&": "and", "||": "or", "!": "not", "∑": "sum", "∏": "prod", "⁻": "inv", "∅": "empty", "|": "abs",
    "<<<": "shiftLeft", ">>>": "shiftRight", "&&&": "and", "|||": "or", "^^^": "xor", "0": "zero", "1": "one",
    "¬": "not", "==": "beq", "!=": "bne", "\\": "sdiff", "⨆": "isup", "⨅": "iinf", "⋃": "iunion", "⋂": "iinter",
    "ᶜ": "compl",
}  # fmt: skip
"""What an operator is called inside the names of theorems."""


@dataclass(frozen=True)
class StatementWords:
    """A premise's words: of its name, of what it concludes, of what it assumes."""

    name: tuple[str, ...]
    conclusion: tuple[str, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class GoalWords:
    """A goal's words: of its target, and of its hypotheses' types."""

    target: tuple[str, ...]
    hypotheses: tuple[str, ...]


@lru_cache(maxsize=100_000)
def pieces(identifier: str) -> tuple[str, ...]:
    """The words of one name, small: `Nat.succ_le_of_lt` → nat, succ, le, of, lt; `IsCompact` also stands as a whole."""
    found: list[str] = []
    for component in identifier.split("."):
        split = [p.lower() for p in PIECE.findall(component)]
        found += split
        if len(split) > 1 and "_" not in component:
            found.append(component.lower())
    return tuple(w for w in found if len(w) > 1)


def words(text: str) -> Iterator[str]:
    """The words of a printed term, with repetitions."""
    for token in TOKEN.findall(text):
        if token in OPERATORS:
            yield OPERATORS[token].lower()
        elif token[0].isalpha() or token[0] == "_":
            last = token.rsplit(".", 1)[-1]
            if token in SILENT or (VARIABLE.match(last) and "." not in token):
                continue
            yield from pieces(token)
        elif not token.isdigit() and token not in SILENT:
            yield token


@lru_cache(maxsize=4096)
def goal_words(state: str) -> GoalWords:
    """Of a goal in Lean's printing: `name : type` lines, or types alone, in front of `⊢ target`."""
    before, _, target = state.partition("⊢")
    types = " ".join(tidy(line.split(" : ", 1)[-1]) for line in before.splitlines())
    return GoalWords(tuple(words(tidy(target.split("\n\n", 1)[0]))), tuple(words(types)))


def statement_words(name: str, signature: str) -> StatementWords:
    """Of a premise; bound names are left out.

    Args:
        name: in full.
        signature: name, binders and conclusion as Lean prints them.
    """
    _, binders, _ = parts_of(signature)
    bound = {n for group in GROUP.findall(binders) for n in group.split()}
    return StatementWords(
        pieces(name),
        tuple(w for w in words(conclusion_of(signature)) if w not in bound),
        tuple(w for w in words(GROUP.sub("(", binders)) if w not in bound),
    )
