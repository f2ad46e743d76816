"""The command `proofsmith`: runs the verb's module; what goes wrong becomes one line and an exit code.

Exit codes: 0 done, 1 not proved, 2 usage or bad input, 3 environment; 130 interrupted, 141 nobody reads the
output any more, 70 a bug of ours.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol, cast

from prover import __version__
from prover.cli.daemon import SERVED, handed_over
from prover.errors import DEBUG_VARIABLE, EXIT_ENVIRONMENT, EXIT_USAGE, ProverError
from prover.printable import tell

COMMANDS: tuple[str, ...] = (
    "prove", "explore", "suggest", "serve", "lsp", "mcp", "eval", "train", "critic", "improve", "bench", "soak", "mutate",
    "calibrate", "corpus", "trace", "convert", "check", "search-premises", "setup", "doctor", "daemon",
)  # fmt: skip
"""The verbs in the order of the help; `verb` is `prover/cli/verb.py` (a hyphen is an underscore there)."""

EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130
EXIT_PIPE_CLOSED = 141

EPILOG = """\
exit codes: 0 done, 1 not proved, 2 usage or bad input, 3 environment,
130 interrupted, 141 output closed early, 70 a bug in proofsmith.
Results go to stdout or to files, progress to stderr. PROOFSMITH_DEBUG=1 shows tracebacks."""


class Command(Protocol):
    """What a command's module has. The first line of its docstring is its line in the help."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares options and arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Does the work; returns the exit code."""


def load(verb: str) -> Command:
    """The module of a verb."""
    return cast(Command, importlib.import_module(f"prover.cli.{verb.replace('-', '_')}"))


def summary(command: Command) -> str:
    """The first line of the module's docstring as the help shows it: no full stop, small first letter."""
    first = (command.__doc__ or "").strip().splitlines()[0].removesuffix(".")
    return first[:1].lower() + first[1:]


class OneLineParser(argparse.ArgumentParser):
    """A parser that tells what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2."""
        self.exit(EXIT_USAGE, f"proofsmith: {message}; see {self.prog} --help\n")


def build_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser with these commands; `args.run` is the function of the chosen one."""
    parser = OneLineParser(
        prog="proofsmith",
        description="Proves Lean 4 theorems by search, in a real Lean from the package registries alone.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"proofsmith {__version__}")
    verbs = parser.add_subparsers(title="commands", dest="verb", metavar="COMMAND")
    for verb in commands:
        command = load(verb)
        sub = verbs.add_parser(
            verb,
            help=summary(command),
            description=(command.__doc__ or "").strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        if verb in SERVED:
            sub.add_argument(
                "--daemon", action=argparse.BooleanOptionalAction,
                help="have this done by the background process, and start it when it is not there; --no-daemon: not even when it "
                "is there (default: when it is there; `proofsmith daemon --help`)",
            )  # fmt: skip
        sub.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that `argv` (default: the command line) asks for; returns the exit code."""
    return _guarded(lambda: _dispatch(argv))


def _dispatch(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    parser = build_parser(words[:1] if words and words[0] in COMMANDS else COMMANDS)  # the others need not be imported
    args = parser.parse_args(argv)
    if args.verb is None:
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    if argv is None and args.verb in SERVED and (code := handed_over(sys.argv[1:], args.daemon)) is not None:
        return code
    # LeanDojo logs in to GitHub with it while it is imported: without a network nothing else would work either.
    args.github_token = os.environ.pop("GITHUB_ACCESS_TOKEN", None)
    status: int = args.run(args)
    sys.stdout.flush()  # a closed pipe shows here and not after the last line of this program
    return status


def _guarded(work: Callable[[], int]) -> int:
    # A terminal that cannot show ⊢ gets an escape instead of an error.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    try:
        return work()
    except KeyboardInterrupt:
        return _end("interrupted; what was finished before is kept.", EXIT_INTERRUPTED)
    except ProverError as error:
        return _end(str(error), error.exit_code)
    except BrokenPipeError:
        # Python flushes stdout once more on its way out, and must not find the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE_CLOSED
    except OSError as error:
        return _end(_about_os_error(error), EXIT_ENVIRONMENT)
    except Exception as error:  # noqa: BLE001 - the outermost level
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        again = "" if _debugging() else f" with what `{DEBUG_VARIABLE}=1` shows"
        return _end(f"internal error: {message}. This is a bug in proofsmith; please report it{again}.", EXIT_INTERNAL)


def _about_os_error(error: OSError) -> str:
    where = f" {error.filename}" if error.filename is not None else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: could not write{where}. What was finished is kept; free some space."
    return f"the system refused{where}: {error.strerror or error}."


def _debugging() -> bool:
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def _end(message: str, exit_code: int) -> int:
    """Says the last words; called while the exception is being handled."""
    if _debugging():
        traceback.print_exc()
    tell(f"proofsmith: {message}")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
