"""leanchecker and comparator, played: their command lines, files, words and exit codes, the embedded Lean's kernel behind.

A compiled file of the stand-ins holds the text that it was made from; it is elaborated again and its constants are replayed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from prover.audit.embedded import Auditor
from prover.audit.session import Session

if TYPE_CHECKING:
    from tests.standins.server import Connection

Played = Callable[["Connection", str], int | None]
"""Gets the text that is checked; the exit code, or None to have the work done after all."""


def leanchecker(at: Connection, arguments: list[str]) -> int:
    """`leanchecker --verbose MODULE`, of Lean 4.34."""
    module = next(a for a in arguments if not a.startswith("-"))
    found = next((p / f"{module}.olean" for p in at.path if (p / f"{module}.olean").exists()), None)
    if found is None:
        at.complain_aloud(f"uncaught exception: Could not find any oleans for: {module}\n")
        return 1
    text = json.loads(found.read_text())["text"]
    if (played := at.server.script.get("leanchecker")) is not None and (code := played(at, text)) is not None:
        return code
    with at.server.lock:
        base, start, _ = at.base(text)
        lean = at.server.lean
        with Session(lean.process, 60) as session:
            state = session.elaborate(base, text, start).state
            names = tuple(session.constants(state, base).by_name)
            rejected = session.replay(state, base, names)
    at.say(f"replaying {module}\n")
    return found_problem(at, module, rejected) if rejected is not None else 0


def found_problem(at: Connection, module: str, what: str) -> int:
    """How leanchecker says no."""
    at.complain_aloud(f"leanchecker found a problem in {module}\nuncaught exception: {what}\n")
    return 1


def comparator(at: Connection, arguments: list[str]) -> int:
    """`comparator config.json`, of August 2026, in a project that has the two modules."""
    config = json.loads((at.cwd / arguments[0]).read_text("utf-8"))
    assert (at.cwd / "lakefile.toml").read_text("utf-8").count("[[lean_lib]]") == 2
    challenge, solution = ((at.cwd / f"{config[k]}.lean").read_text("utf-8") for k in ("challenge_module", "solution_module"))
    at.say("Building Challenge\nBuilding Solution\n")
    at.server.compared.append(config["theorem_names"])
    if (played := at.server.script.get("comparator")) is not None and (code := played(at, solution)) is not None:
        return code
    if "sorryAx" not in config["permitted_axioms"] or solution != challenge:
        with at.server.lock:
            verdicts = {v.name: v for v in Auditor(at.server.lean).audit_files(challenge, solution)}
        for name in config["theorem_names"]:
            if not verdicts[name].accepted:
                return uncaught(at, f"{verdicts[name].reason}: '{name}'")
    at.say("Lean default kernel accepts the solution\nYour solution is okay!\n")
    return 0


def uncaught(at: Connection, what: str) -> int:
    """How comparator says no, and how it ends when something it needs is not there."""
    at.complain_aloud(f"uncaught exception: {what}\n")
    return 1


def hang(at: Connection, text: str) -> int:
    """Never answers."""
    time.sleep(3600)
    return 0


PLAYED: dict[str, Callable[[Connection, list[str]], int]] = {"leanchecker": leanchecker, "comparator": comparator}
