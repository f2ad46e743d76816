"""A conjecture: a statement that would finish a goal, with what it generalises, and the tactic that states it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prover.policy.goal import Goal
from prover.policy.lemmas.term import Term
from prover.policy.terms import shape, words

MAX_SIZE = 60


@dataclass(frozen=True)
class Conjecture:
    """`∀ variables and fresh names, assumed → body`.

    `fresh` has the new variables and what each stands for in the goal; `assumed` are its premises by name, which are facts of the
    goal of that name, or what `proofs` has for it. `exact` says that the goal is an instance of it; otherwise it has to be used
    by rewriting.
    """

    body: Term
    method: str
    prior: float
    fresh: tuple[tuple[str, Term], ...] = ()
    assumed: tuple[tuple[str, str], ...] = ()
    exact: bool = True
    proofs: tuple[tuple[str, str], ...] = ()


def quantified(goal: Goal, c: Conjecture) -> list[tuple[str, str]]:
    """The goal's variables that the conjecture is about, with their types; functions and types stay as they are."""
    said = c.body.names.union(*(_words(t) for _, t in c.assumed)) if c.assumed else c.body.names
    said |= {n.split(".")[0] for n in said}
    return [(v.name, v.type) for v in goal.data if v.name in said and shape(v.type) not in ("→", "∀")]


def tactic(goal: Goal, c: Conjecture, hints: str) -> str | None:
    """States the conjecture, closes the goal by it, and leaves it to be proved; facts about none of the goal's variables stay."""
    if c.body.size > MAX_SIZE:
        return None
    variables = quantified(goal, c)
    if not variables and not c.fresh:
        return None
    name = goal.fresh(readable(c.body))
    binders = [f"({n} : {t})" for n, t in variables] + [f"({n} : _)" for n, _ in c.fresh]
    statement = " → ".join([*(_bracketed(t) for _, t in c.assumed), str(c.body)])
    text = f"∀ {' '.join(binders)}, {statement}" if binders else statement
    if c.exact:
        values = [n for n, _ in variables] + [argument(t) for _, t in c.fresh]
        proofs = dict(c.proofs)
        values += [proofs.get(n, n) for n, _ in c.assumed]
        use = f"from {name} {' '.join(values)}".rstrip()
    else:
        use = f"by first | grind [{name}{hints}] | simp_all [{name}]"
    data = [v.name for v in goal.data if shape(v.type) not in ("→", "∀")]
    assumed = {n for n, _ in c.assumed}
    gone = [*data, *(f.name for f in goal.facts if f.name in assumed or not words(f.type).isdisjoint(data))]
    new = [n for n, _ in variables] + [n for n, _ in c.fresh] + [n for n, _ in c.assumed]
    return f"suffices {name} : {text} {use}\nclear {' '.join(gone)}\nintro {' '.join(new)}"


def rewriting(goal: Goal, c: Conjecture) -> str | None:
    """States the conjecture and rewrites the goal with it; both what is left of the goal and the lemma remain."""
    name = goal.fresh(readable(c.body))
    binders = [f"({n} : {t})" for n, t in quantified(goal, c)] + [f"({n} : _)" for n, _ in c.fresh]
    return f"suffices {name} : ∀ {' '.join(binders)}, {c.body} from ?_\nrw [{name}]" if binders else None


def readable(body: Term) -> str:
    """A name like the library's: the functions of the left side, outermost first."""
    left = body.args[0] if body.args else body
    heads = [t.head.lstrip(".").rsplit(".", 1)[-1] for t in left.subterms() if t.args and re.match(r"[.\w]", t.head)]
    parts = [re.sub(r"\W", "", h) for h in dict.fromkeys(heads)][:3]
    return "_".join(p for p in parts if p).lower() + "_eq" if any(parts) else "lemma_eq"


def argument(term: Term) -> str:
    """A term as it stands behind a function."""
    text = str(term)
    return f"({text})" if term.args and not text.startswith("[") else text


def _bracketed(text: str) -> str:
    return f"({text})" if shape(text) in ("→", "∀", "∃", "↔") else text


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d][\w'₀-₉]*", text))
