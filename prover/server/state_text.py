"""A goal as text, made into a theorem again.

Editor tools send a goal as Lean prints it and nothing else:

    n✝ m : Nat
    h : m ≤ n✝
    ⊢ m < n✝ + 1

That becomes a theorem whose proof begins with `intro`, so that the goal at its `sorry` is the one that was sent, names that
cannot be written included:

    theorem goal : ∀ (n m : Nat) (h : m ≤ n), m < n + 1 := by
      intro _ m h
      sorry

Printing loses information (types of numerals, implicit arguments, what notation stood for), so the theorem may not
elaborate, or may be another one than the goal. What is suggested for it is therefore tried again by whoever asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prover.lean.targets import STRICT_IN

NAME = "proofsmith_goal"
DAGGER = re.compile(r"[^\s()\[\]{}⟨⟩,:@]*✝[⁰¹²³⁴⁵⁶⁷⁸⁹]*")
UNIVERSE = re.compile(r"\b(?:Type|Sort)\s+(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\)|([^\s()\[\]{},→]+))")
LEVEL_NAME = re.compile(r"[^\W\d][\w'.]*")
LEVEL_WORDS = frozenset({"max", "imax"})
HYPOTHESIS = re.compile(r"(?P<names>[^\s:⊢][^:⊢]*?)\s*:\s(?P<type>.*)", re.DOTALL)
MAX_STATE_CHARS = 100_000


@dataclass(frozen=True)
class Local:
    """One line of a goal: names of one type, or a name with a value."""

    names: tuple[str, ...]
    type: str
    value: str | None = None


@dataclass(frozen=True)
class GoalSource:
    """A text and the place in it where a tactic is wanted: line from 1, column from 0 in characters."""

    text: str
    line: int
    column: int


def first_goal(state: str) -> tuple[list[Local], str] | None:
    """Hypotheses and target of the first goal; None when the text has no such form."""
    if len(state) > MAX_STATE_CHARS:
        return None
    lines: list[str] = []
    for line in state.replace("\r\n", "\n").strip("\n").split("\n"):
        if not line.strip():
            if any("⊢" in one for one in lines):
                break
            continue
        if line.startswith("case ") and not lines:
            continue
        if line[0].isspace() and lines:
            lines[-1] += "\n" + line
        else:
            lines.append(line)
    target = next((line for line in lines if line.startswith("⊢")), None)
    if target is None:
        return None
    locals_: list[Local] = []
    for line in lines[: lines.index(target)]:
        found = HYPOTHESIS.fullmatch(line)
        if found is None:
            return None
        type_, value = _split_value(found["type"])
        locals_.append(Local(tuple(found["names"].split()), type_, value))
    return locals_, target.removeprefix("⊢").strip()


def as_theorem(state: str, before: str = "") -> GoalSource | None:
    """A theorem that states the first goal.

    Args:
        state: the goal, as Lean prints it.
        before: text of a file that comes first.

    Returns:
        The whole text, or None when `state` cannot be read as a goal.
    """
    read = first_goal(state)
    if read is None:
        return None
    locals_, target = read
    every = list(dict.fromkeys(name for local in locals_ for name in local.names))
    inaccessible: dict[str, str] = {}

    def writable(name: str) -> str:
        """The name without its dagger, which `intro _` gives back; another one where that is taken."""
        base = name.split("✝")[0]
        taken = sum(one.split("✝")[0] == base for one in every) > 1
        return inaccessible.setdefault(name, f"{base}_dagger{len(inaccessible) + 1}" if taken or not base else base)

    def plain(text: str) -> str:
        return DAGGER.sub(lambda m: writable(m[0]), text)

    binders: list[str] = []
    intros: list[str] = []
    for local in locals_:
        names = [plain(name) for name in local.names]
        type_ = plain(local.type)
        if local.value is not None:
            binders.append(f"let {names[0]} : {type_} := {plain(local.value)}")
        elif local.names[0].startswith("inst✝"):
            binders += [f"∀ [{name} : {type_}]" for name in names]
        else:
            binders.append(f"∀ ({' '.join(names)} : {type_})")
        intros += ["_" if "✝" in name else name for name in local.names]
    goal = plain(target)
    levels = _universes([local.type for local in locals_] + [target])
    head = f"theorem {NAME}{'.{' + ', '.join(levels) + '}' if levels else ''} :"
    statement = "\n".join([*(_indented(f"{b}{';' if b.startswith('let ') else ','}") for b in binders), _indented(goal)])
    intro = f"  intro {' '.join(intros)}\n" if intros else ""
    start = before.rstrip("\n") + "\n\n" if before.strip() else ""
    text = f"{start}{STRICT_IN}{head}\n{statement} := by\n{intro}  sorry\n"
    return GoalSource(text, text.count("\n"), 2)


def at_last_line(context: str) -> GoalSource:
    """A file that ends where a tactic is wanted."""
    return GoalSource(context, context.count("\n") + 1, len(context) - context.rfind("\n") - 1)


def _split_value(text: str) -> tuple[str, str | None]:
    """`Nat := 5` as type and value; a `:=` inside brackets belongs to the type."""
    depth = 0
    for at, character in enumerate(text):
        if character in "([{⟨":
            depth += 1
        elif character in ")]}⟩":
            depth -= 1
        elif depth == 0 and text.startswith(":=", at):
            return text[:at].strip(), text[at + 2 :].strip()
    return text.strip(), None


def _universes(texts: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for text in texts:
        for match in UNIVERSE.finditer(text):
            for name in LEVEL_NAME.findall(match[1] or match[2] or ""):
                if name not in LEVEL_WORDS:
                    found[name] = None
    return list(found)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
