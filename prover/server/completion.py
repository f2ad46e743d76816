"""What can follow a prefix of a tactic: `exact `, `rw [`, `· `, `have : `, `constructor <;> `.

The prefix is taken apart into what stands (`base`), the word that is being typed (`fragment`) and the brackets that are to be
closed. What may come next is read off the policy's own offers, for the goal at the place where it would stand: Lean is
asked for that goal with a `sorry` in the place. Every candidate is a whole tactic; whoever asks has Lean run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prover.lean.positions import Places
from prover.policy.base import GoalText
from search.types import Proposal

CLOSING = {"(": ")", "[": "]", "{": "}", "⟨": "⟩"}
FRAGMENT = re.compile(r"[^\s()\[\]{}⟨⟩,;·|]*\Z")
RULES = re.compile(
    r"\A(?P<tactic>(?:rw|rwa|rewrite|erw|simp|simp_all|simpa|dsimp|grind|nth_rewrite \d+)\b[^\[\]]*)"
    r"\[(?P<before>(?:[^\[\]]*,\s*)?)(?P<arrow>←\s*)?\Z"
)
STATED = re.compile(r"\A(?:have|suffices|by_cases|obtain)\b[^:=]*:\s*([^:]*?)(?:\s*:=.*)?\Z", re.DOTALL)
STATES = re.compile(r"\A(?P<word>have|suffices|show|change|by_cases|obtain)\b\s*(?P<name>[^:=]*?)(?P<colon>\s*:\s*)?\Z")
RULE_LIST = re.compile(r"\[([^\[\]]*)\]")
TERM = re.compile(r"\A(?:exact|refine|apply)\s+(.*)\Z", re.DOTALL)
STEP = re.compile(r"\Acalc\b(?:.*\s)?\S+\s+(?P<relation>[^\w\s()\[\]{}⟨⟩:,;.?']+)\s*\Z", re.DOTALL)
"""A chain whose last step waits for its right side."""
BEGINS = re.compile(r"[ \t]*(?:(?:·|\|[^\n]*?=>|(?:case|next)\b[^\n]*?=>)[ \t]*)*")
"""What stands in front of a tactic on its line."""
ALTERNATIVES = re.compile(r"^[ \t]*\|[^\n]*=>", re.MULTILINE)
OTHERS = "\n| _ => ?_"
TUPLE = re.compile(r"\A(?:exact|refine|apply)\s+(.*)⟨\s*\Z", re.DOTALL)
MOST_PLACES = 4
MOST_HEADS = 4
PENALTY = -1.0
"""Added to the log-probability of what a candidate was made of."""


@dataclass(frozen=True)
class Prefix:
    """A prefix in parts; `closing` are the brackets that it leaves open, innermost first."""

    text: str
    base: str
    fragment: str
    closing: str

    @classmethod
    def of(cls, text: str) -> Prefix:
        """Takes a prefix apart."""
        found = FRAGMENT.search(text)
        assert found is not None
        open_: list[str] = []
        for character in text:
            if character in CLOSING:
                open_.append(CLOSING[character])
            elif open_ and character == open_[-1]:
                open_.pop()
        return cls(text, text[: found.start()], found[0], "".join(reversed(open_)))

    @classmethod
    def heads(cls, text: str) -> list[tuple[Prefix, str]]:
        """The ways to part a text of several lines in front of the tactic that is being typed, the innermost first."""
        starts = [0, *(m.end() for m in re.finditer(r"\n", text))]
        begins = [found.end() for start in reversed(starts) if (found := BEGINS.match(text, start)) is not None]
        parted = [(text[:at], text[at:]) for at in begins if at and len(starts) > 1 and text[at : at + 1] != "\n"]
        return [(cls(head, head, "", cls.of(head).closing), tail) for head, tail in parted[:MOST_HEADS]]

    def placed(self, text: str, line: int, column: int) -> tuple[str, int, int] | None:
        """A text with the prefix at a place, made whole with `sorry` where it ends; and where that is."""
        at = Places(text).character(line, column)
        if at is None or not self.base.strip():
            return None
        base = self.base.replace("\n", "\n" + " " * column)
        rest = text[at:].removeprefix("sorry") if text.startswith("sorry", at) else text[at:]
        row = base.count("\n")
        ends = len(base) - (base.rfind("\n") + 1) + (0 if row else column)
        return f"{text[:at]}{base}sorry{self.closing}{rest}", line + row, ends

    def wholes(self, tactic: str) -> list[str]:
        """The prefix with a tactic where it ends; where it gives alternatives, also with a goal for each that is missing."""
        column = len(self.text) - (self.text.rfind("\n") + 1)
        whole = f"{self.text}{indented(tactic, column)}{self.closing}"
        return [whole, f"{whole}{OTHERS}"] if ALTERNATIVES.search(self.text) else [whole]


@dataclass(frozen=True)
class Inside:
    """What Lean says of the place where a prefix ends: whether a term is wanted there, the goal, the policy's offers for it."""

    term: bool
    goal: GoalText | None
    offers: tuple[Proposal, ...]


def candidates(prefix: Prefix, goal: GoalText | None, offers: Sequence[Proposal], inside: Inside | None) -> list[Proposal]:
    """Whole tactics that begin with a prefix, the likeliest first.

    Args:
        prefix: what stands.
        goal: the first goal where the prefix begins.
        offers: the policy's for that goal.
        inside: the place where the prefix ends, if Lean comes to it.
    """
    found = [p for p in offers if p.tactic.startswith(prefix.text)]
    if prefix.fragment:
        found.append(Proposal(prefix.text + prefix.closing, PENALTY, "prefix"))
    made: Iterable[tuple[str, float, str]]
    if (rules := RULES.match(prefix.base)) is not None:
        made = ((f"{prefix.base}{r}{prefix.closing}", w, "prefix.rule") for r, w in _rules(rules, goal, offers))
    elif inside is not None and not inside.term:
        column = len(prefix.base) - (prefix.base.rfind("\n") + 1)
        made = (
            (f"{prefix.base}{indented(p.tactic, column)}{prefix.closing}", p.log_prob, p.proposer) for p in inside.offers
        )  # fmt: skip
    else:
        here = inside or Inside(True, goal, tuple(offers))
        made = ((f"{prefix.base}{t}{prefix.closing}", w, "prefix.term") for t, w in _terms(here, goal))
    found += [Proposal(t, min(0.0, w), by) for t, w, by in made if t.startswith(prefix.text)]
    best: dict[str, Proposal] = {}
    for p in found:
        if p.tactic not in best or best[p.tactic].log_prob < p.log_prob:
            best[p.tactic] = p
    return sorted(best.values(), key=lambda p: -p.log_prob)


def _rules(rules: re.Match[str], goal: GoalText | None, offers: Sequence[Proposal]) -> Iterator[tuple[str, float]]:
    """What may stand in a list of rewriting rules: hypotheses, and what the policy would have rewritten with."""
    backwards = rules["arrow"] is not None
    for offer in offers:
        for listed in RULE_LIST.findall(offer.tactic):
            for rule in (r.strip() for r in listed.split(",")):
                turned = rule.startswith("←")
                if rule and turned == backwards:
                    yield rule.removeprefix("←").strip(), offer.log_prob
                elif rule and not backwards:
                    yield rule, offer.log_prob + PENALTY
    for hypothesis in goal.named if goal is not None else ():
        yield hypothesis.name, PENALTY
        if not backwards:
            yield f"← {hypothesis.name}", 2 * PENALTY


def _terms(inside: Inside, goal: GoalText | None) -> Iterator[tuple[str, float]]:
    """Terms: those of the policy, hypotheses, and proofs by tactics."""
    for offer in inside.offers:
        if (found := TERM.match(offer.tactic)) is not None:
            yield found[1], offer.log_prob
    for hypothesis in (inside.goal or goal or GoalText((), "")).named:
        yield hypothesis.name, PENALTY
    for offer in inside.offers:
        if "\n" not in offer.tactic and TERM.match(offer.tactic) is None:
            yield f"by {offer.tactic}", offer.log_prob + 3 * PENALTY


def tuples(prefix: Prefix) -> list[str]:
    """Tactics that open a goal for each place of the anonymous constructor that a prefix ends in; none for other prefixes."""
    found = TUPLE.match(prefix.base)
    if found is None:
        return []
    return [f"refine {found[1]}⟨{', '.join(['?_'] * n)}{prefix.closing}" for n in range(1, MOST_PLACES + 1)]


def statements(
    prefix: Prefix, goal: GoalText | None, offers: Sequence[Proposal], left: Iterable[str]
) -> list[str]:
    """What `have : ` and the like may state: parts of what is known and wanted, and what tactics leave of the goal.

    Args:
        prefix: what stands.
        goal: the first goal there.
        offers: the policy's for it.
        left: targets of the goals that tactics leave.
    """
    found = STATES.match(prefix.base)
    step = STEP.match(prefix.base)
    if goal is not None and step is not None:
        related = [goal.target, *(h.type for h in goal.named), *left]
        sides = [_split(" ".join(r.split()), f" {step['relation']} ") for r in related]
        return list(dict.fromkeys(side for k in sides if k for side in (k[-1], *k[:-1])))
    if found is None or goal is None:
        return []
    if found["word"] in ("show", "change"):
        return [goal.target, *left]
    stated = [part for h in goal.named for part in _parts(h.type)]
    known = {h.type for h in goal.hypotheses}
    offered = [found[1] for p in offers if (found := STATED.match(p.tactic)) is not None]
    every = dict.fromkeys([*_parts(goal.target), *offered, *left, *stated])
    return [s for s in every if s not in known] or list(every)


def stating(prefix: Prefix) -> str | None:
    """The prefix up to the statement, when it is one; what follows `have` without a colon gets one."""
    found = STATES.match(prefix.base)
    if STEP.match(prefix.base) is not None:
        return prefix.base if prefix.base.endswith(" ") else f"{prefix.base} "
    if found is None:
        return None
    if found["word"] in ("show", "change"):
        return f"{found['word']} " if found["name"] == "" and found["colon"] is None else None
    return prefix.base if found["colon"] is not None else None


def indented(tactic: str, column: int) -> str:
    """A tactic whose further lines stand so many columns deeper."""
    return tactic.replace("\n", "\n" + " " * column)


def _parts(proposition: str) -> list[str]:
    """A proposition and, of a conjunction, equivalence or disjunction, its sides."""
    flat = " ".join(proposition.split())
    for connective in ("↔", "∨", "∧"):
        sides = _split(flat, f" {connective} ")
        if len(sides) > 1:
            return [*sides, flat]
    return [flat]


def _split(text: str, between: str) -> list[str]:
    depth, at, pieces = 0, 0, []
    for i, character in enumerate(text):
        depth += (character in "([{⟨") - (character in ")]}⟩")
        if depth == 0 and text.startswith(between, i):
            pieces.append(text[at:i].strip())
            at = i + len(between)
    return [] if text.startswith(("∀", "∃", "fun", "¬")) or " → " in text else [*pieces, text[at:].strip()]
