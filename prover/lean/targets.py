"""Lean files: which theorems wait for a proof, and the file with proofs in their places.

Lean itself reads the file: each command is elaborated in turn, so a theorem is found whatever notation, attribute or
`… in` stands around it, and its context is exactly what stands before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prover.errors import DataError
from prover.lean import answers
from prover.lean.commands import masked
from prover.lean.context import FileContext
from prover.lean.positions import ONLY_LF, LineEnds

MAX_FILE_BYTES = 10_000_000
INSIDE = "only whole proofs are searched for here"
NEEDS_NATIVE = "the embedded Lean has only Init, Std and Lean; a native toolchain with the package built would have it"
PROVABLE = frozenset({"theorem", "lemma", "example"})
SORRY_WARNING = "declaration uses"
END = "Lean.Parser.Command.end"
MESSAGE_CHARS = 240
BARE = re.compile(
    r"failed to synthesize|(?:application )?type mismatch|unsolved goals|omega could not|tactic .* failed|don't know how to|"
    r"failed to (?:prove|show|infer)|could not synthesize|typeclass instance problem|the rfl tactic failed|"
    r"invalid .*notation|did not find",
    re.IGNORECASE,
)
"""Messages whose first line alone does not tell what is wrong."""
COMMENT = re.compile(r"--|/-")
STRICT = "set_option autoImplicit false\n"
STRICT_IN = "set_option autoImplicit false in\n"
"""No name is bound automatically: a misspelt type is an error, not a new variable."""
STATEMENT_HEAD = f"{STRICT}\n"
"""What stands in front of a statement of the command line."""
UNKNOWN = re.compile(r"[Uu]nknown identifier (?:`([^`]+)`|'(.+?)'(?!'))")
SETUP_DEPTH = 2
"""Open scopes at the beginning of a file: Lean's own and the section of `SETUP`."""


@dataclass(frozen=True)
class LeanFile:
    """A file's text, what it imports, and where its commands start (byte offset)."""

    text: str
    modules: tuple[str, ...]
    body_start: int
    path: Path | None = None

    @property
    def sha256(self) -> str:
        """Hash of the text."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    def span(self, start: int, end: int) -> str:
        """The text between two byte offsets."""
        return self.text.encode()[start:end].decode(errors="replace")

    def line(self, offset: int) -> int:
        """The line, from 1, of a byte offset."""
        return self.text.encode()[:offset].count(b"\n") + 1


@dataclass(frozen=True)
class Target:
    """A theorem that waits for its proof.

    `index` is the command's place in the file, `start` and `end` its span, `proof_span` what a proof replaces (from `:=`
    to the end), all in bytes. `problem` says why it cannot be searched: its own or an earlier error.
    """

    file: LeanFile
    index: int
    name: str
    start: int
    end: int
    proof_span: tuple[int, int]
    problem: str | None = None

    @property
    def statement(self) -> str:
        """The command up to `:=`."""
        return self.file.span(self.start, self.proof_span[0]).rstrip()

    @property
    def line(self) -> int:
        """Line of the command, from 1."""
        return self.file.line(self.start)

    @property
    def sorry_at(self) -> int | None:
        """Byte offset, in `command("sorry")`, of the `sorry` that is meant; None: it has only one."""
        return None

    @property
    def others(self) -> int:
        """How many other `sorry` its command has."""
        return 0

    @property
    def others_names(self) -> tuple[str, ...]:
        """The targets that these are."""
        return ()

    def command(self, proof: str) -> str:
        """The whole command with a proof (tactics, one a line) in place of `sorry`."""
        before = self.file.span(self.start, self.proof_span[0])
        after = self.file.span(self.proof_span[1], self.end)
        return f"{before}{by_block(proof)}{after}"

    def in_file(self, proof: str) -> str:
        """What stands in the file in place of `proof_span`, with a proof."""
        raw = self.file.text.encode()
        first_column = self.start - (raw.rfind(b"\n", 0, self.start) + 1)
        return by_block(proof, " " * (first_column + 2))


@dataclass(frozen=True)
class Reading:
    """What was found in a file: the targets, and things to tell the user."""

    file: LeanFile
    targets: tuple[Target, ...]
    notes: tuple[str, ...] = field(default=())
    clean: bool = True  # no command has an error


def by_block(proof: str, indent: str = "  ") -> str:
    """`:= by` and the tactics below it."""
    return ":= by\n" + "\n".join(indent + line if line else "" for line in proof.splitlines())


def load(path: Path) -> str:
    """The text of a .lean file, with line feeds only. Raises DataError when it cannot be read as one."""
    return load_with_ends(path)[0]


def load_with_ends(path: Path) -> tuple[str, LineEnds]:
    """The text of a .lean file, with line feeds only, and what its line ends were. Raises DataError like `load`."""
    try:
        if not path.is_file():  # reading a pipe would wait for a writer
            raise DataError(f"{path} is not a file")
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise DataError(f"{path} has more than {MAX_FILE_BYTES} bytes; files up to that size are read")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {error.start}); Lean files are") from error
    check_characters(text, path)
    return text.replace("\r\n", "\n"), LineEnds.of(text)


def check_characters(text: str, path: Path | None) -> None:
    """Raises DataError for what is no Lean text."""
    if "\0" in text:
        raise DataError(f"{path or 'the statement'} holds a NUL byte (at {text.index(chr(0))}); it is not Lean text")
    if text.startswith("\ufeff"):
        raise DataError(f"{path or 'the statement'} begins with a byte order mark, which Lean does not read; save it without")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes of a command line that were not UTF-8
        raise DataError(f"{path or 'the statement'} is not Unicode text (character {error.start})") from error


def reading_of(lean_file: LeanFile, commands: list[answers.Command]) -> Reading:
    """The targets among a file's commands, and what is to be said about the rest."""
    targets: list[Target] = []
    notes: list[str] = []
    broken: str | None = None
    seen: dict[str, int] = {}
    for index, command in enumerate(commands):
        target = _target(lean_file, index, command, seen)
        errors = command.errors or unmatched_end(command)
        if target is not None:
            # What Lean skipped to find the next command is told with that command, and stands before it.
            skipped = [e for e in errors if e.start < command.start]
            inside = [e for e in errors if e.start >= command.start]
            if skipped and broken is None:
                broken = _context_error(lean_file, skipped[0])
            own = f"its statement does not elaborate: {first_line(inside[0].text)}" if inside else None
            problem = own or broken
            targets.append(Target(**{**target.__dict__, "problem": problem}))
        elif command.sorries or any(SORRY_WARNING in m.text for m in command.messages):
            what = command.id or command.declaration or "a declaration"
            notes.append(f"{place(lean_file, command.start)}: {what} has sorry inside; {INSIDE}")
        if errors and broken is None:
            broken = _context_error(lean_file, errors[0])
            if target is None:
                notes.append(f"{place(lean_file, errors[0].start)}: {first_line(errors[0].text)}")
    return Reading(lean_file, tuple(targets), tuple(notes), clean=broken is None)


def import_error(lean_file: LeanFile, error: DataError) -> DataError:
    """A refused import in words; any other refusal as it is."""
    if getattr(error, "kind", None) != "import":
        return error
    where = lean_file.path or "the statement"
    return DataError(f"{where}: {_missing_module(str(error), lean_file.modules)}; {NEEDS_NATIVE}")


def write_proofs(
    lean_file: LeanFile, proofs: Mapping[int, str], targets: tuple[Target, ...], ends: LineEnds = ONLY_LF
) -> str:
    """The file's text with proofs in place of `sorry`.

    Args:
        lean_file: the file.
        proofs: a target's place in the file (`proof_span[0]`) → its tactics.
        targets: what was found in the file.
        ends: the line ends that the file had; a proof gets those of the line that it stands on.
    """
    raw = lean_file.text.encode()
    pieces: list[bytes] = []
    at = 0
    for target in sorted(targets, key=lambda t: t.proof_span):
        start, end = target.proof_span
        if start not in proofs:
            continue
        proof = target.in_file(proofs[start]).encode()
        pieces += [ends.restored(raw[at:start], raw.count(b"\n", 0, at)), ends.like(proof, raw.count(b"\n", 0, end))]
        at = end
    pieces.append(ends.restored(raw[at:], raw.count(b"\n", 0, at)))
    return b"".join(pieces).decode()


def place(lean_file: LeanFile, offset: int) -> str:
    """`file:line` for messages; a statement's lines count without what stands in front of it."""
    added = STATEMENT_HEAD.count("\n") if lean_file.path is None and lean_file.text.startswith(STATEMENT_HEAD) else 0
    return f"{lean_file.path or '<statement>'}:{lean_file.line(offset) - added}"


def first_line(text: str) -> str:
    """A message of Lean on one line: its first, with what follows where that names the culprit."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return text
    if len(lines) == 1 or not (lines[0].endswith(":") or BARE.match(lines[0])):
        return lines[0]
    whole = " ".join(lines)
    return whole if len(whole) <= MESSAGE_CHARS else whole[: MESSAGE_CHARS - 1] + "…"


def _target(lean_file: LeanFile, index: int, command: answers.Command, seen: dict[str, int]) -> Target | None:
    if command.declaration not in PROVABLE or command.body is None or command.value is None:
        return None
    if not is_sorry(lean_file.span(*command.body)) or COMMENT.search(lean_file.span(*command.value)):
        return None  # a comment stays where it is: its `sorry` is a hole
    name = full_name(lean_file, command)
    seen[name] = seen.get(name, 0) + 1
    if seen[name] > 1:
        name = f"{name}#{seen[name]}"
    return Target(lean_file, index, name, command.start, command.end, command.value)


def bound_in(target: Target, errors: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """The names that a theorem's statement binds automatically: those that Lean does not know when it may not.

    Args:
        target: the theorem.
        errors: Lean's errors on a command in the theorem's place.
    """
    found: tuple[str, ...] = ()
    while new := newly_bound(errors(strictly(target, found)), found):
        found += new
    return found


def strictly(target: Target, names: Sequence[str]) -> str:
    """A theorem's command, given that some names are bound, where no others are bound automatically."""
    declared = f"variable {{{' '.join(names)}}} in\n" if names else ""
    return f"{STRICT_IN}{declared}{target.command('sorry')}"


def newly_bound(errors: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The names that Lean's errors say are unknown, but for those that are given."""
    said = dict.fromkeys(m[1] or m[2] for text in errors for m in UNKNOWN.finditer(text))
    return tuple(name for name in said if name not in names and "." not in name)


def is_sorry(body: str) -> bool:
    """Whether a proof is `sorry` and nothing else, comments aside."""
    return " ".join(masked(body).split()) in ("sorry", "by sorry")


def full_name(lean_file: LeanFile, command: answers.Command) -> str:
    """A declaration's name with its namespace; one without a name is called by what it is and its line: `instance_12`."""
    name = command.id or f"{command.declaration or 'example'}_{lean_file.line(command.start)}"
    if name.startswith("_root_."):
        return name.removeprefix("_root_.")
    return f"{command.namespace}.{name}" if command.namespace else name


def _context_error(lean_file: LeanFile, error: answers.Message) -> str:
    where = f"{place(lean_file, error.start)}: {first_line(error.text)}"
    return f"the context before it has an error ({where})"


def unmatched_end(command: answers.Command) -> tuple[answers.Message, ...]:
    """An `end` that closes what the file did not open: Lean took it for the end of the section in `SETUP`."""
    if command.kind != END or not 0 < command.depth < SETUP_DEPTH:  # 0: not known
        return ()
    return (answers.Message("error", "invalid 'end', insufficient scopes", command.start, command.end),)


def _missing_module(message: str, imported: tuple[str, ...]) -> str:
    first = message.strip().splitlines()[0]
    quoted = first.split("'")[1] if first.count("'") >= 2 else None
    if "unknown module prefix" in message or "does not exist" in message or "object file" in message:
        # Lean names the part of the name that it does not know.
        module = next((m for m in imported if quoted is not None and (m == quoted or m.startswith(f"{quoted}."))), quoted)
        return f"it imports {module}, which is not there" if module else first
    return first


DEFINITIONS = frozenset({"definition", "def", "abbrev", "instance"})
INDUCTIVES = frozenset({"inductive", "structure"})
DEPRECATED = re.compile(r"`(?P<old>[^`]+)` has been deprecated: Use `(?P<new>[^`]+)` instead")
LIBRARY = "Init"
"""A file that imports it has all theorems that are offered as premises."""


def file_context_in(
    commands: Sequence[answers.Command], target: Target, imported: frozenset[str] | None = None
) -> FileContext:
    """Reads them off the commands in front of the target; `imported` as in `FileContext`."""
    definitions: list[str] = []
    inductives: list[str] = []
    theorems: dict[str, str] = {}
    sources: dict[str, str] = {}
    deprecated: dict[str, str] = {}
    for command in commands[: target.index]:
        deprecated |= {m["old"]: m["new"] for message in command.messages if (m := DEPRECATED.search(message.text))}
        if command.id is None or command.errors:
            continue
        name = full_name(target.file, command)
        if command.declaration in DEFINITIONS:
            definitions.append(name)
            sources[name] = target.file.span(command.start, command.end)
        elif command.declaration in INDUCTIVES:
            inductives.append(name)
            sources[name] = target.file.span(command.start, command.end)
        elif command.declaration == "theorem" and command.value is not None:
            theorems[name] = target.file.span(command.start, command.value[0])
    return FileContext(tuple(definitions), tuple(inductives), theorems, sources, imported, deprecated=deprecated)
