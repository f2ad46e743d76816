"""Premises, and the parts of a printed signature: name, binders, conclusion, head."""

from __future__ import annotations

import re
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
