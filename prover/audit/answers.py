"""Definitions that a target leaves open (`def answer : Nat := sorry`), and what a submission fills in.

The kernel cannot say whether a value is an answer: `def answer := the least n such that …` makes every statement about it easy.
So the value is shown to the reader, with a remark when it seems to restate the question.
"""

from __future__ import annotations

from collections.abc import Mapping

from prover.audit.auditor import Answer
from prover.audit.session import Session
from prover.lean.embedded.protocol import Constant, Constants

CHOICE = ("Classical.choice", "Classical.choose", "Classical.epsilon", "Exists.choose", "Classical.indefiniteDescription")
ARITHMETIC = frozenset((
    "OfNat.ofNat", "HAdd.hAdd", "HSub.hSub", "HMul.hMul", "HDiv.hDiv", "HMod.hMod", "HPow.hPow", "Neg.neg",
    "Add.add", "Sub.sub", "Mul.mul", "Div.div", "Mod.mod", "Pow.pow", "Eq", "Ne", "LE.le", "LT.lt", "GE.ge",
    "GT.gt", "And", "Or", "Not", "Iff", "ite", "dite", "Nat.succ", "Int.ofNat", "Nat.cast", "Int.cast",
    "Dvd.dvd", "Min.min", "Max.max", "BEq.beq", "decide", "HAppend.hAppend", "Append.append", "Monad.toBind",
    "Zero.zero", "One.one",
))  # fmt: skip
"""Words that any answer may have; an answer that needs others shares them with the question at its peril."""


def open_definitions(target: Constants) -> frozenset[str]:
    """The definitions whose value is a `sorry`."""
    return frozenset(c.name for c in target.by_name.values() if c.open and not c.internal)


def reached(root: str, constants: Mapping[str, Constant]) -> frozenset[str]:
    """The constants of a file on which the statement of one rests."""
    queue = [name for name in constants[root].type_uses if name in constants]
    seen = set(queue)
    for name in queue:  # grows
        for used in constants[name].uses:
            if used in constants and used not in seen:
                seen.add(used)
                queue.append(used)
    return frozenset(seen)


def filled(lean: Session, state: int, base: int, theorem: str, target: Constants) -> tuple[Answer, ...]:
    """What a submission fills in for the open definitions under a theorem."""
    under = reached(theorem, target.by_name)
    names = sorted(open_definitions(target) & under)
    if not names:
        return ()
    question = set(target.by_name[theorem].type_uses) - set(names)
    for name in under - set(names):
        question |= {name, *target.by_name[name].uses}
    return tuple(
        Answer(a["name"], a["value"], _remark(a["value"], a["words"], a["proposition"], question))
        for a in lean.answers(state, base, names)
    )


def _remark(value: str | None, words: list[str], proposition: bool, question: set[str]) -> str | None:
    chosen = [word for word in words if word in CHOICE]
    if chosen:
        return f"it is described, not computed ({chosen[0]})"
    if proposition and value not in ("True", "False"):
        return "it is a statement and neither True nor False"
    shared = sorted(word for word in words if word in question and word not in ARITHMETIC and not _is_instance(word))
    return f"it is said in the question's own words ({', '.join(shared[:3])})" if shared else None


def _is_instance(name: str) -> bool:
    return name.rsplit(".", 1)[-1].startswith("inst")
