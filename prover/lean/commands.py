"""A Lean file's commands, found in its text: for a Lean that cannot be asked for them.

The embedded Lean reads a file command by command and says where each one stands. `lake env lean` and the REPL only give
messages with positions, so the commands are found here by their first words, with comments and strings blanked out.
What this finds is a proposal: a theorem is searched only after Lean has said that exactly this `sorry` stands there, and
the audit elaborates the file from the start. A command that is overlooked becomes part of the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from prover.lean import answers

DECLARATIONS = (
    "theorem", "lemma", "example", "def", "abbrev", "instance", "structure", "inductive", "class", "axiom", "opaque",
)  # fmt: skip
MODIFIERS = (
    "private", "protected", "public", "noncomputable", "unsafe", "partial", "nonrec", "local", "scoped", "meta",
)  # fmt: skip
ANYWHERE = (*DECLARATIONS, "namespace", "section", "end", "variable", "universe", "mutual")
"""Words that begin a command wherever they are the first of their line."""
AT_MARGIN = (
    "open", "export", "set_option", "attribute", "notation", "notation3", "infix", "infixl", "infixr", "prefix", "postfix",
    "macro", "macro_rules", "syntax", "elab", "elab_rules", "declare_syntax_cat", "deriving", "initialize", "omit",
    "include", "alias", "run_cmd", "run_elab", "run_meta", "simproc", "register_option", "add_decl_doc",
    "suppress_compilation", "unif_hint", "binder_predicate", "assert_not_exists", "library_note", "import", "builtin_initialize",
)  # fmt: skip
"""Words that begin a command where they stand at the left margin; they occur inside terms and tactics, too."""
DOC = "\x01"
"""What a docstring becomes: it belongs to the command behind it, unlike a comment."""

_PIECES = re.compile(
    r"--[^\n]*|r(#*)\"[\s\S]*?\"\1|\"(?:\\[\s\S]|[^\"\\])*\"|«[^»\n]*»|(?<![\w'!?₀-₉])'(?:\\[^\n']+|\\'|[^\\'\n])'"
)
_WORDS = rf"(?:{'|'.join(ANYWHERE + MODIFIERS)})\b|@\["
_START = re.compile(
    rf"^[ \t]*(?={DOC}[{DOC}\s]*(?:{_WORDS})|{_WORDS})|^(?={DOC}|(?:{'|'.join(AT_MARGIN)})\b|#\w)", re.MULTILINE
)
_ATTRIBUTE = re.compile(r"@\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]")
_PREFIX = re.compile(rf"(?:\s|{DOC}|\b(?:{'|'.join(MODIFIERS)})\b)*")
_IN = re.compile(r"\s*(?:open|set_option|variable|omit|include|attribute)\b[^\n]*?\bin\b(?![\w'])")
_KEYWORD = re.compile(rf"(?:{'|'.join(DECLARATIONS)})\b(?!\s*:=)")
_NAME = re.compile(r"\s+((?:«[^»]*»|[^\s:({\[⦃«.]+)(?:\.(?:«[^»]*»|[^\s:({\[⦃«.]+))*)")
_SORRY = re.compile(r":=\s*(?:by\s+)?sorry\s*\Z")
_OPENING, _CLOSING = "([{⟨⦃", ")]}⟩⦄"
_IMPORT = re.compile(r"^[ \t]*(?:public[ \t]+|meta[ \t]+|private[ \t]+)*import[ \t]+(?:all[ \t]+)?(\S+)[^\n]*", re.MULTILINE)
_HEADER = re.compile(r"\s*(?:(?:module|prelude)\b|(?:(?:public|meta|private)\s+)*import\s+(?:all\s+)?\S+)")

_TACTIC_LINE = re.compile(r"^[ \t]*(?:·[ \t]*)*(\S(?:[^\n]*\S)?)[ \t]*$", re.MULTILINE)
_BEFORE_TERM = re.compile(r"(?::=|[(⟨,]|\b(?:exact|from|fun [^\n]*=>|refine|apply|show)|<\||\$)\s*\Z")


def masked(text: str) -> str:
    """The text with comments, strings and quoted names blanked; the same length, the same lines."""
    out = list(text)

    def blank(start: int, end: int, with_: str = " ") -> None:
        for i in range(start, end):
            if out[i] != "\n":
                out[i] = with_

    at = 0
    while at < len(text):
        opening = text.find("/-", at)
        piece = _PIECES.search(text, at, opening + 1 if opening >= 0 else len(text))
        if piece is not None and (opening < 0 or piece.start() <= opening):
            piece = _PIECES.match(text, piece.start()) or piece  # as long as it really is
            if not piece[0].startswith("«"):
                blank(piece.start(), piece.end())
            at = piece.end()
            continue
        if opening < 0:
            break
        depth, end = 1, opening + 2
        while depth and end < len(text):
            nested, closed = text.find("/-", end), text.find("-/", end)
            if closed < 0:
                end = len(text)
            elif 0 <= nested < closed:
                depth, end = depth + 1, nested + 2
            else:
                depth, end = depth - 1, closed + 2
        doc = text.startswith("/--", opening) and not text.startswith("/--/", opening)
        blank(opening, end, DOC if doc else " ")
        at = end
    return "".join(out)


def header(text: str) -> tuple[tuple[str, ...], int]:
    """What the file imports, and the byte offset behind the last import."""
    clean = masked(text)
    end = 0
    while (found := _HEADER.match(clean, end)) is not None:
        end = found.end()
    modules = tuple(m[1] for m in _IMPORT.finditer(clean, 0, end))
    return modules, len(text[:end].encode())


def split(text: str, body_start: int, messages: Sequence[answers.Message] = ()) -> list[answers.Command]:
    """The commands behind the header, with Lean's messages at their commands.

    Args:
        text: the file.
        body_start: byte offset of the end of the header.
        messages: what Lean said, with byte offsets into the file.
    """
    clean = masked(text)
    first = len(text.encode()[:body_start].decode())
    offsets = _byte_offsets(text)
    found: list[answers.Command] = []
    scopes: list[str] = []
    for start, end in _segments(clean, first):
        found.append(_command(text, clean, start, end, offsets, ".".join(s for s in scopes if s)))
        _enter_scope(clean[start:end], scopes)
    starts = [c.start for c in found]
    said: list[list[answers.Message]] = [[] for _ in found]
    for message in messages:
        at = sum(s <= message.start for s in starts) - 1
        if found:
            said[max(at, 0)].append(message)
    return [answers.Command(**{**c.__dict__, "messages": tuple(m)}) for c, m in zip(found, said, strict=True)]


def outline(text: str, command: answers.Command) -> answers.Outline:
    """Where the tactics and the `sorry` of a command stand: each line of a proof by tactics counts as one tactic."""
    raw = text.encode()
    clean = masked(raw[command.start : command.end].decode(errors="replace"))
    offsets = _byte_offsets(raw[command.start : command.end].decode(errors="replace"))

    def span(start: int, end: int) -> tuple[int, int]:
        return command.start + offsets[start], command.start + offsets[end]

    begins = re.search(r":=\s*by\b", clean)
    lines = _TACTIC_LINE.finditer(clean, begins.end()) if begins is not None else ()
    sorries = [
        (*span(m.start(), m.end()), not _BEFORE_TERM.search(clean[: m.start()])) for m in re.finditer(r"\bsorry\b", clean)
    ]
    complete = not any("unexpected" in e.text or "expected" in e.text.split(";")[0] for e in command.errors)
    return answers.Outline(
        command.start, command.end, complete, tuple(span(m.start(1), m.end(1)) for m in lines), tuple(sorries)
    )


def _segments(clean: str, first: int) -> list[tuple[int, int]]:
    """Start and end (characters) of each command."""
    starts = [m.end() for m in _START.finditer(clean, first)]
    starts = [s for i, s in enumerate(starts) if i == 0 or starts[i - 1] != s]
    if clean[first : starts[0] if starts else len(clean)].strip():
        starts.insert(0, first + len(clean[first:]) - len(clean[first:].lstrip()))
    segments: list[tuple[int, int]] = []
    pending: int | None = None
    for start, limit in zip(starts, [*starts[1:], len(clean)], strict=True):
        begin = start if pending is None else pending
        end = begin + len(clean[begin:limit].rstrip())
        if limit < len(clean) and _after_prefix(clean, begin, end) >= end:
            pending = begin
            continue
        pending = None
        if end > begin:
            segments.append((begin, end))
    return segments


def _after_prefix(clean: str, start: int, end: int) -> int:
    """Where docstrings, attributes, modifiers and `… in` in front of a command end."""
    at = start
    while True:
        before = at
        for pattern in (_PREFIX, _ATTRIBUTE, _IN):
            found = pattern.match(clean, at, end)
            if found is not None:
                at = found.end()
        if at == before or at >= end:
            return at


def _command(text: str, clean: str, start: int, end: int, offsets: list[int], namespace: str) -> answers.Command:
    at = _after_prefix(clean, start, end)
    keyword = _KEYWORD.match(clean, at, end)
    common = {"start": offsets[start], "end": offsets[end], "namespace": namespace, "messages": ()}
    if keyword is None:
        return answers.Command(kind=clean[at:end].split(None, 1)[0] if clean[at:end].strip() else "", **common)  # type: ignore[arg-type]
    word = keyword[0]
    if word == "class" and (also := re.compile(r"\s+inductive\b").match(clean, keyword.end(), end)):
        keyword = also
    name = _NAME.match(clean, keyword.end(), end) if word != "example" else None
    id_ = text[name.start(1) : name.end(1)].split(".{")[0] if name is not None else None
    sorry = _SORRY.search(clean, at, end)
    value = sorry.start() if sorry is not None else _value(clean, at, end)
    body = None
    if value is not None and clean.startswith(":=", value):
        body = end - len(clean[value + 2 : end].lstrip())
    return answers.Command(
        kind="Lean.Parser.Command.declaration",
        declaration="definition" if word == "def" else word,
        id=id_,
        sorries=len(re.findall(r"\bsorry\b", clean[value:end])) if value is not None else 0,
        value=(offsets[value], offsets[end]) if value is not None else None,
        body=(offsets[body], offsets[end]) if body is not None else None,
        keyword=(offsets[keyword.start()], offsets[keyword.end()]),
        **common,  # type: ignore[arg-type]
    )


def _value(clean: str, start: int, end: int) -> int | None:
    """Where the value of a declaration begins: the first `:=`, `|` or `where` outside brackets."""
    depth = 0
    for at in range(start, end):
        if clean[at] in _OPENING:
            depth += 1
        elif clean[at] in _CLOSING:
            depth -= 1
        elif depth == 0 and clean.startswith(":=", at):
            return at
        elif depth == 0 and (clean[at] == "|" and clean[start:at].endswith((" ", "\n")) and "\n" in clean[start:at]):
            line_start = clean.rfind("\n", start, at) + 1
            if not clean[line_start:at].strip():
                return at
        elif depth == 0 and re.compile(r"(?<=\s)where\b").match(clean, at, end):
            return at
    return None


def _enter_scope(command: str, scopes: list[str]) -> None:
    words = command.split()
    words = words[1:] if words[:1] and words[0] in MODIFIERS else words
    if not words:
        return
    if words[0] == "namespace" and len(words) > 1:
        scopes.append(words[1])
    elif words[0] in ("section", "mutual"):
        scopes.append("")
    elif words[0] == "end" and scopes:
        closing = len(words[1].split(".")) if len(words) > 1 else 1
        while closing > 0 and scopes:
            inner = scopes.pop()
            parts = inner.split(".") if inner else [""]
            if len(parts) > closing:
                scopes.append(".".join(parts[: len(parts) - closing]))
            closing -= len(parts)


def _byte_offsets(text: str) -> list[int]:
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + len(character.encode(errors="surrogatepass")))
    return offsets
