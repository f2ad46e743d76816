"""A place in a proof where tactics can go: a `sorry`, an unfinished `by`, a tactic, the line behind one.

The text decides. A hole is a span of the file that is replaced by tactics; put a `sorry` there and Lean tells the goal. So
the same proof states serve a finished proof, a half-written one and one that does not parse yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lean_dojo import DojoInitError

from prover.errors import DataError
from prover.lean import answers, targets
from prover.lean.commands import masked
from prover.lean.engine import Engine, Limits
from prover.lean.positions import Places
from prover.lean.targets import LeanFile, Reading, Target

END_OF_FILE = "Lean.Parser.Command.eoi"
WAITS = re.compile(r"(?:\bby|=>|·|:=)\Z")
LAST_WORD = re.compile(r"(?:\bby|=>|·)\s*\Z")
BULLETS = re.compile(r"[ ·]*")
SORRY = re.compile(r"(?<![\w'.])sorry(?![\w'])")
PLACE = re.compile(r":\d+:\d+\Z")
IS_PROPOSITION = "refine Classical.byContradiction fun _ => ?_"
"""Runs on goals that are propositions, on no other."""
WORD = re.compile(r"[\w'!?.«»]*")


class NoPlace(DataError):
    """No tactic can stand at a position."""


@dataclass(frozen=True)
class Hole(Target):
    """A place for tactics.

    `start` and `end` span the command with all that is skipped behind it, `proof_span` what is replaced. A single tactic is
    written with `one` in front, several lines with `many`, each further line indented by `column`; `close` comes behind.
    `tactic` is what stands there now, if it is a tactic; `others` says how many other `sorry` the command has, `passed`
    which tactics stand in front, `broken` whether the command does not parse as it is.
    """

    one: str = ""
    many: str = ""
    column: int = 0
    close: str = ""
    tactic: str | None = None
    others: int = 0
    others_names: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    broken: bool = False

    @property
    def sorry_at(self) -> int | None:
        """See `Target`."""
        return self.proof_span[0] - self.start + len(self.one.encode())

    def in_file(self, proof: str) -> str:
        """See `Target`."""
        return self.written(proof)

    @property
    def is_term(self) -> bool:
        """Whether a term stands here, and becomes a proof by tactics."""
        return self.one.startswith(("by ", "(by "))

    def written(self, proof: str) -> str:
        """The text that replaces `proof_span`."""
        lines = proof.splitlines()
        if len(lines) < 2:
            return f"{self.one}{proof}{self.close}"
        return self.many + f"\n{' ' * self.column}".join(lines) + self.close

    def command(self, proof: str) -> str:
        """The command with tactics in the hole."""
        before = self.file.span(self.start, self.proof_span[0])
        return f"{before}{self.written(proof)}{self.file.span(self.proof_span[1], self.end)}"


def hole_at(
    engine: Engine, lean_file: LeanFile, line: int, column: int, cancelled: Callable[[], bool] | None = None
) -> Hole:
    """The hole at a position.

    Args:
        engine: has the file elaborated up to there.
        lean_file: the file.
        line: from 0.
        column: codepoints from 0; behind the line, its end.
        cancelled: ends the elaboration early.

    Raises:
        NoPlace: no tactic can stand there.
        DataError: an import that this Lean has not.
    """
    places = Places(lean_file.text)
    at = places.character(line, column)
    where = f"{lean_file.path or 'the text'}:{line + 1}:{column + 1}"
    if at is None:
        raise NoPlace(f"{where}: the text has {places.lines} lines")
    offset = places.byte(at)
    commands = engine.commands(lean_file, offset, cancelled)
    found = [i for i, c in enumerate(commands) if c.start <= offset and c.kind != END_OF_FILE]
    if not found:
        raise NoPlace(f"{where}: no proof stands here; choose a `sorry`, a `by` or a tactic")
    index = found[-1]
    command = commands[index]
    outline = engine.outline(lean_file, command)
    end = region_end(lean_file, commands, index)
    span = _Region(lean_file, places, command.start, end, outline)
    made = span.hole(at)
    if made is None:
        raise NoPlace(f"{where}: no tactic can stand here; choose a `sorry`, a `by` or a tactic")
    others = sum(not (made[0][0] <= s and e <= made[0][1]) for s, e, _ in outline.sorries)
    return Hole(
        lean_file, index, targets.full_name(lean_file, command), command.start, max(end, made[0][1]), **made[1],
        proof_span=made[0], others=others, passed=_passed(lean_file, outline, made[0][0]), broken=not outline.complete,
    )  # fmt: skip


def with_places(engine: Engine, reading: Reading) -> Reading:
    """A reading whose targets are places, too: each `sorry` inside a longer proof, or in the proof part of a definition.

    What stands around a place is kept. A `sorry` that stands for data is left alone, and so is one whose goal mentions another.
    """
    file = reading.file
    commands = engine.commands(file)
    whole = {t.index for t in reading.targets}
    found: list[Target] = list(reading.targets)
    notes = [n for n in reading.notes if not n.endswith(targets.INSIDE)]
    for index, command in enumerate(commands):
        uses_sorry = command.sorries or any(targets.SORRY_WARNING in m.text for m in command.messages)
        if index not in whole and command.declaration is not None and uses_sorry:
            holes, said = _places_in(engine, file, index, command, commands)
            found += holes
            notes += said
    return replace(reading, targets=tuple(sorted(found, key=lambda t: t.proof_span)), notes=tuple(notes))


def filled_but_last(holes: Sequence[Target], proofs: Sequence[str]) -> Hole:
    """The last of all places of a command, with the proofs of the others in the text."""
    order = sorted(zip(holes, proofs, strict=True), key=lambda pair: pair[0].proof_span)
    last = order[-1][0]
    assert isinstance(last, Hole)
    pieces: list[str] = []
    at = 0
    for hole, proof in order[:-1]:
        pieces += [last.file.span(at, hole.proof_span[0]), hole.in_file(proof)]
        at = hole.proof_span[1]
    raw = last.file.text.encode()
    text = "".join(pieces) + raw[at:].decode()
    shift = len(text.encode()) - len(raw)
    start, end = last.proof_span
    return replace(
        last, file=replace(last.file, text=text), end=last.end + shift, proof_span=(start + shift, end + shift), others=0,
        others_names=(), name=declaration_of(last.name),
    )  # fmt: skip


def declaration_of(name: str) -> str:
    """The declaration in which a place lies, by the place's name."""
    return PLACE.sub("", name)


def _places_in(
    engine: Engine, file: LeanFile, index: int, command: answers.Command, commands: Sequence[answers.Command]
) -> tuple[list[Hole], list[str]]:
    """The places of one command where a proof is missing, and what is to be said of its other `sorry`."""
    outline = engine.outline(file, command)
    places = Places(file.text)
    region = _Region(file, places, command.start, command.end, outline)
    name = targets.full_name(file, command)
    made: list[Hole] = []
    notes: list[str] = []
    for start, _, _ in outline.sorries:
        span, shape = region.hole(places.at_byte(start)) or ((start, start), {})
        others = len(outline.sorries) - 1
        hole = Hole(
            file, index, name, command.start, command.end, span, _problem(file, index, commands), others=others, **shape
        )  # fmt: skip
        at = places.position(places.at_byte(start))
        where = f"{targets.place(file, start)}:{at.column + 1}: this sorry in {name}"
        try:
            kind = "" if hole.problem is not None else _kind(engine, hole)
        except DojoInitError as error:
            notes.append(f"{where} is not searched for: {error}")
            continue
        if kind:
            notes.append(f"{where} {kind}")
        else:
            made.append(replace(hole, name=f"{name}:{at.line + 1}:{at.column + 1}") if others else hole)
    names = {h.name for h in made}
    return [replace(h, others_names=tuple(sorted(names - {h.name}))) for h in made], notes


def _problem(file: LeanFile, index: int, commands: Sequence[answers.Command]) -> str | None:
    """Why nothing in a command can be searched: its own or an earlier error."""
    for command in commands[: index + 1]:
        for error in command.errors or targets.unmatched_end(command):
            where = f"{targets.place(file, error.start)}: {targets.first_line(error.text)}"
            return f"it does not elaborate ({where})" if command is commands[index] else f"an error stands before it ({where})"
    return None


def _kind(engine: Engine, hole: Hole) -> str:
    """What a `sorry` stands for when it is no proof of a proposition of its own; empty when it is."""
    view = engine.enter(hole)
    try:
        if any(SORRY.search(goal.pp) for goal in view.goals):
            return "has a goal that mentions another sorry"
        reply = engine.run(view, [IS_PROPOSITION], Limits())[0]
        if reply.proof is not None:
            engine.release([reply.proof])
        return "" if reply.proof is not None or reply.done else "stands for data, not for a proof; it is left"
    finally:
        engine.release([view])


def _passed(lean_file: LeanFile, outline: answers.Outline, offset: int) -> tuple[str, ...]:
    """The tactics in front of an offset, without what is inside them."""
    before: list[tuple[int, int]] = []
    for start, end in outline.tactics:
        if end <= offset and not any(s <= start and end <= e for s, e in before):
            before.append((start, end))
    return tuple(lean_file.span(start, end) for start, end in sorted(before))


def region_end(lean_file: LeanFile, commands: list[answers.Command], index: int) -> int:
    """Where a command ends, with what Lean skipped behind it to find the next one."""
    last = len(commands) - 1
    following = next((c for c in commands[index + 1 :] if c.kind != END_OF_FILE), None)
    if following is not None:
        limit = following.start
    elif last > index or not commands[index].errors:
        limit = len(lean_file.text.encode()) if last > index else commands[index].end
    else:
        limit = _next_start(lean_file, commands[index])
    text = lean_file.span(commands[index].start, limit)
    return commands[index].start + len(text.rstrip().encode())


def _next_start(lean_file: LeanFile, command: answers.Command) -> int:
    """Where a broken command's successor begins, by its first word at the margin."""
    raw = lean_file.text.encode()
    found = re.compile(rb"\n(?=[^\s\-/)}\]|\xc2])").search(raw, command.end)
    return found.start() if found else len(raw)


_Shape = dict[str, Any]
"""Fields of a `Hole`."""


class _Region:
    """One command's text, and the choice of a hole in it. Offsets are characters of the file."""

    def __init__(self, file: LeanFile, places: Places, start: int, end: int, outline: answers.Outline) -> None:
        self.places = places
        self.text = file.text
        self.clean = masked(file.text[places.at_byte(start) : places.at_byte(end)])
        self.first = places.at_byte(start)
        self.tactics = [(places.at_byte(s), places.at_byte(e)) for s, e in outline.tactics]
        self.sorries = [(places.at_byte(s), places.at_byte(e), tactic) for s, e, tactic in outline.sorries]

    def hole(self, at: int) -> tuple[tuple[int, int], _Shape] | None:
        """Span (bytes) and shape of the hole at a character."""
        found = self._on_sorry(at)
        line_start, line_end = self._line(at)
        line = self.text[line_start:line_end]
        if found is None and at < line_start + len(line) - len(line.lstrip()):
            at = line_start + len(line) - len(line.lstrip())
            found = self._on_sorry(at)
        if found is None and LAST_WORD.search(self._code(line_start, line_end)) is not None:
            # on the `by` that ends a line
            at = line_end if not self.text[at:line_end].strip(" by=>·") else at
        if found is None:
            found = self._behind(at) or self._on_tactic(at)
        if found is None:
            return None
        (start, end), shape = found
        return (self.places.byte(start), self.places.byte(end)), shape

    def _on_sorry(self, at: int) -> tuple[tuple[int, int], _Shape] | None:
        for start, end, tactic in self.sorries:
            if start <= at <= end:
                return self._sorry(start, end) if tactic else self._term(start, end)
        start = at
        while start > 0 and WORD.fullmatch(self.text[start - 1]) and self.text[start - 1]:
            start -= 1
        word = WORD.match(self.text, start)
        unread = all(not s <= at <= e for s, e in self.tactics)
        if word is not None and word[0] == "sorry" and self._masked_at(start) == "s" and unread:
            return self._sorry(start, word.end())
        return None

    def _sorry(self, start: int, end: int) -> tuple[tuple[int, int], _Shape]:
        """A tactic; what follows `by` or `=>` on its line may move to lines of its own."""
        line_start, _ = self._line(start)
        before = self.text[line_start:start]
        if re.search(r"(?:\bby|=>)\s*\Z", before):
            deeper = self._indent(start) + 2
            begin = line_start + len(before.rstrip())
            return (begin, end), {"one": " ", "many": "\n" + " " * deeper, "column": deeper, "tactic": "sorry"}
        return (start, end), {"column": start - line_start, "tactic": "sorry"}

    def _term(self, start: int, end: int) -> tuple[tuple[int, int], _Shape]:
        """A term becomes a proof by tactics."""
        deeper = self._indent(start) + 2
        bare = self.text[:start].rstrip().endswith(":=")
        opening, close = ("by", "") if bare else ("(by", ")")
        return (start, end), {
            "one": f"{opening} ", "many": f"{opening}\n{' ' * deeper}", "column": deeper, "close": close, "tactic": "sorry",
        }  # fmt: skip

    def _behind(self, at: int) -> tuple[tuple[int, int], _Shape] | None:
        """Behind a tactic, or where one is still to come: the rest of the line is empty."""
        line_start, line_end = self._line(at)
        if self._code(at, line_end).strip():
            return None
        last = self.first + len(self._code(self.first, at).rstrip())
        same_line = last >= line_start
        column = at - line_start
        code = self._code(self.first, at).rstrip()
        at = line_end if same_line else at  # a comment stays on its line
        begin = max(last, self.first + len(self.text[self.first : at].rstrip()))
        waits = WAITS.search(code)
        if waits is not None:
            deeper = self._indent(last) + 2
            if waits[0] == "·":
                deeper = self._column(last) + 1
            elif not same_line and column > self._indent(last):
                deeper = column
            opening = " by" if waits[0] == ":=" else ""
            lines = {"many": f"{opening}\n{' ' * deeper}", "column": deeper}
            if waits[0] == "·":
                return (begin, at), {"one": " ", "many": " ", "column": deeper}
            same_line = same_line and begin == last
            return (begin, at), {"one": f"{opening} " if same_line or opening else lines["many"], **lines}
        ended = [(s, e) for s, e in self.tactics if e == last]
        if not ended:
            return None
        columns = sorted({self._column(s) for s, _ in ended})
        nearest = max((c for c in columns if c <= column), default=columns[0])
        chosen = self._column(max(ended)[0]) if same_line else nearest
        lead = "\n" + " " * chosen
        return (begin, at), {"one": lead, "many": lead, "column": chosen}

    def _on_tactic(self, at: int) -> tuple[tuple[int, int], _Shape] | None:
        """In front of the innermost tactic; one that takes a single line is replaced."""
        around = [(s, e) for s, e in self.tactics if s <= at < e or at == e]
        if not around:
            return None
        start, end = min(around, key=lambda span: (span[1] - span[0], -span[0]))
        column = self._column(start)
        tactic = self.text[start:end]
        if "\n" in tactic:
            return (start, start), {"column": column, "close": "\n" + " " * column}
        return (start, end), {"column": column, "tactic": tactic}

    def _line(self, at: int) -> tuple[int, int]:
        end = self.text.find("\n", at)
        return self.text.rfind("\n", 0, at) + 1, len(self.text) if end < 0 else end

    def _column(self, at: int) -> int:
        return at - self._line(at)[0]

    def _indent(self, at: int) -> int:
        """Where the tactics of a line begin, bullets aside."""
        start, end = self._line(at)
        found = BULLETS.match(self.text, start, end)
        return len(found[0]) if found else 0

    def _code(self, start: int, end: int) -> str:
        """The text without comments."""
        inside = self.clean[max(0, start - self.first) : max(0, end - self.first)]
        beyond = self.text[max(start, self.first + len(self.clean)) : end]
        return inside + masked(beyond)

    def _masked_at(self, at: int) -> str:
        return self._code(at, at + 1)
