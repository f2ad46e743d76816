"""The requests of the audit, all to one process, and the elaborator states that they leave there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prover.audit.auditor import Answer
from prover.audit.trust import Refusal
from prover.errors import LeanProcessError
from prover.lean import answers
from prover.lean.embedded import protocol
from prover.lean.embedded.process import LeanProcess
from prover.lean.embedded.protocol import Constant, Constants

EXIT = "Lean.Parser.Command.exit"
END_OF_FILE = "Lean.Parser.Command.eoi"


@dataclass(frozen=True)
class Elaborated:
    """A text after elaboration.

    `state` is the id of the state behind it; Lean stopped reading at `stopped_at` (bytes): at the end, at
    `#exit`, or in front of a command that was `refused` because it would run a program.
    """

    state: int
    commands: tuple[answers.Command, ...]
    stopped_by: str
    stopped_at: int
    refused: Refusal | None

    @property
    def read(self) -> tuple[answers.Command, ...]:
        """The commands without what stands for an unreadable end of the file."""
        return tuple(c for c in self.commands if c.kind != END_OF_FILE)

    @property
    def errors(self) -> tuple[answers.Message, ...]:
        """All errors, in order."""
        return tuple(error for command in self.commands for error in command.errors)


class Session:
    """Asks one process; `with` lets go of the states at the end."""

    def __init__(self, process: LeanProcess, timeout_s: float) -> None:
        self._process = process
        self._timeout_s = timeout_s
        self._states: list[int] = []

    def elaborate(self, state: int, text: str, start: int = 0, guarded: bool = False) -> Elaborated:
        """Elaborates a text from a byte offset on; `guarded` stops in front of what would run a program."""
        raw = self._ask("elaborate", state=state, text=text, guarded=guarded, **{"from": start})
        self._states.append(raw["state"])
        stop, refused = raw["stop"], raw["refused"]
        return Elaborated(
            raw["state"],
            tuple(raw["commands"]),
            stop.kind,
            stop.start,
            None if refused is None else _refusal(refused.category, refused.what),
        )

    def constants(self, state: int, base: int) -> protocol.Constants:
        """The constants of a state that another has not."""
        raw = self._ask("constants", state=state, base=base)
        return Constants({c.name: c for c in raw["constants"]}, raw["imported_axioms"])

    def compare(
        self,
        a: int,
        b: int,
        base_a: int,
        base_b: int,
        names: Iterable[str],
        open_names: Iterable[str] = (),
        negated: Mapping[str, str] | None = None,
    ) -> dict[str, protocol.Comparison]:
        """How the statements of two states compare, with all that they rest on.

        Args:
            a, b: the states; `base_a` and `base_b` are those of their imports.
            names: theorems of `a`.
            open_names: definitions that may have any value in `b`.
            negated: theorems of `a`, and those of `b` that shall state their negation.
        """
        asked = {"names": list(names), "open": list(open_names), "negated": dict(negated or {})}
        found = self._ask("compare", a=a, b=b, base_a=base_a, base_b=base_b, **asked)["comparisons"]
        return {c.name: c for c in found}

    def answers(self, state: int, base: int, names: Iterable[str]) -> list[protocol.Value]:
        """The values of definitions: `name`, `value` as text, `words`, `proposition` (host/answers.cjs)."""
        answers: list[protocol.Value] = self._ask("answers", state=state, base=base, names=list(names))["answers"]
        return answers

    def replay(self, state: int, base: int, names: Iterable[str]) -> str | None:
        """What the kernel has against constants of a state, beginning from another state; None: nothing."""
        error: str | None = self._ask("replay", state=state, base=base, names=list(names))["error"]
        return error

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if self._states and self._process.alive:
            with contextlib.suppress(LeanProcessError):  # then they went with the process
                self._ask("release", states=self._states)

    def _ask(self, op: str, **fields: object) -> protocol.Json:
        return self._process.request(op, self._timeout_s, **fields)


def _refusal(category: str, what: str) -> Refusal:
    if category == "unsafe":
        return Refusal("unsafe", "it steps out of the safe language (unsafe)")
    return Refusal("program", f"it runs a program while Lean reads it ({what})")


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
        Answer(a.name, a.value, _remark(a.value, a.words, a.proposition, question))
        for a in lean.answers(state, base, names)
    )


def _remark(value: str | None, words: Sequence[str], proposition: bool, question: set[str]) -> str | None:
    chosen = [word for word in words if word in CHOICE]
    if chosen:
        return f"it is described, not computed ({chosen[0]})"
    if proposition and value not in ("True", "False"):
        return "it is a statement and neither True nor False"
    shared = sorted(word for word in words if word in question and word not in ARITHMETIC and not _is_instance(word))
    return f"it is said in the question's own words ({', '.join(shared[:3])})" if shared else None


def _is_instance(name: str) -> bool:
    return name.rsplit(".", 1)[-1].startswith("inst")
