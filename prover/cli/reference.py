"""Writes docs/cli.md from the parsers: `python -m prover.cli.reference docs/cli.md` (or `make docs`).

Not from argparse's own help, whose layout changes with the terminal's width and with the Python version.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prover.cli.main import COMMANDS, EPILOG, build_parser

HEAD = """\
# The commands

Made from the parsers by `make docs`; a test compares. `proofsmith COMMAND --help` says the same.
"""


def render() -> str:
    """The whole of docs/cli.md. The same for the same parsers on every Python version."""
    subparsers = _subparsers(build_parser())
    parts = [HEAD]
    for verb in COMMANDS:
        parts.append(_section(verb, subparsers[verb]))
    parts.append("## All commands\n\n" + "\n".join(EPILOG.splitlines()) + "\n")
    return "\n".join(parts)


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("the parser has commands")


def _section(verb: str, parser: argparse.ArgumentParser, level: str = "##") -> str:
    actions = [a for a in parser._actions if a.help != argparse.SUPPRESS and not isinstance(a, argparse._HelpAction)]
    below = [a for a in actions if isinstance(a, argparse._SubParsersAction)]
    positional = [a for a in actions if not a.option_strings and a not in below]
    options = [a for a in actions if a.option_strings]
    arguments = [_arity(a) for a in positional] + [f"{a.metavar} …" for a in below]
    usage = " ".join(["proofsmith", verb, *(["[options]"] if options else []), *arguments])
    lines = [f"{level} proofsmith {verb}", "", "    " + usage, "", parser.description or "", ""]
    for title, group in (("argument", positional), ("option", options)):
        if group:
            lines += [f"| {title} | default | |", "|---|---|---|", *(_row(parser, action) for action in group), ""]
    for action in below:
        for name, sub in action.choices.items():
            lines.append(_section(f"{verb} {name}", sub, level + "#"))
    return "\n".join(lines)


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    if action.metavar is not None:
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(str(choice) for choice in action.choices) + "}"
    return action.dest.upper()


def _arity(action: argparse.Action) -> str:
    name = _metavar(action)
    return {"*": f"[{name} …]", "+": f"{name} […]", "?": f"[{name}]"}.get(str(action.nargs), name)


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    if action.option_strings:
        name = ", ".join(action.option_strings)
        name = name if action.nargs == 0 else f"{name} {_arity(action)}"
    else:
        name = _arity(action)
    default = action.default
    shown = "" if default in (None, False, argparse.SUPPRESS) or default == [] else f"`{default}`"
    if action.required and action.option_strings:
        shown = "required"
    values = {**vars(action), "prog": parser.prog}
    text = " ".join(((action.help or "") % values).split())
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in (f"`{name}`", shown, text)) + " |"


def main(argv: list[str]) -> int:
    """Writes the file that is named, or stdout."""
    if argv:
        Path(argv[0]).write_text(render(), "utf-8")
    else:
        print(render(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
