"""The exceptions of Proofsmith.

A message says what happened, with which value, and what to change. Errors of other libraries are turned into
these at the seam where they arise. A tactic that fails is a value (`lean_dojo.LeanError`), not an exception.
"""

from typing import ClassVar

DEBUG_VARIABLE = "PROOFSMITH_DEBUG"
"""Environment variable that makes internal errors show their traceback."""
EXIT_DONE = 0
EXIT_NOT_PROVED = 1
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3


class ProverError(Exception):
    """Anything that Proofsmith reports; `exit_code`: of the command, when this is not caught."""

    exit_code: ClassVar[int] = EXIT_ENVIRONMENT


class LeanProcessError(ProverError):
    """A Lean process could not be had or did not behave; says nothing about the theorem asked for.

    `running` is the number of the tactic that was being run, when several were asked for and it is known.
    """

    running: int | None = None


class LeanSetupError(LeanProcessError):
    """The embedded Lean or its Node is missing, damaged, or could not be obtained, unpacked or started."""


class LeanTimeoutError(LeanProcessError):
    """A request was not answered by its deadline; the process that had it is replaced."""


class LeanCrashedError(LeanProcessError):
    """The process ended, or went over its memory ceiling, while a request was under way; it is replaced."""


class LeanProtocolError(LeanProcessError):
    """The process answered what is not the protocol's, or refused a request as malformed."""


class PolicyError(ProverError):
    """A policy cannot propose tactics: its model or index does not load, or it gave no proposals."""


class DataError(ProverError):
    """What is given cannot be used: an unreadable file, a statement that does not elaborate, bad records."""

    exit_code: ClassVar[int] = EXIT_USAGE


class StorageError(ProverError):
    """What was found could not be written: the disk is full, the folder is read-only or went away."""


class ConfigError(ProverError):
    """An option, setting or environment variable has an impossible value, or contradicts another one."""

    exit_code: ClassVar[int] = EXIT_USAGE
