"""`proofsmith explore`: the laws of a file found, audited, and written behind its text."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prover import __version__
from prover.audit.auditor import SharedAuditor, auditor_for
from prover.errors import ConfigError
from prover.explore.laws import Extent, FileLaws, Law
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.positions import LineEnds
from prover.lean.targets import load_with_ends, write_proofs
from prover.prove.folder import json_text, write_atomically, write_below
from prover.prove.report.page import write_template


@dataclass(frozen=True)
class Explored:
    """What an exploration came to: `records` are the lines of lemmas.jsonl, all audited."""

    records: list[dict[str, Any]]
    summary: dict[str, Any]
    file: Path
    page: Path


@dataclass(frozen=True)
class Judged:
    """Laws that the audit accepted, with their axioms; why others were refused; the file's text with the laws behind it."""

    laws: list[Law]
    axioms: Mapping[str, tuple[str, ...]]
    text: str
    problems: list[str]


def explore(
    path: Path, extent: Extent, out: Path, memory_mb: int, told: Callable[[Law], None], command: Sequence[str] = ()
) -> Explored:
    """Explores a file and writes `FILE.lean`, `lemmas.jsonl` and `explore.html` to `out`.

    Ctrl-C ends the search for laws; those found so far are audited and written.

    Args:
        told: hears of each law as it is found, before its audit.

    Raises DataError for a file that cannot be explored, ConfigError when the result would replace the file.
    """
    began = time.time()
    text, ends = load_with_ends(path)
    if (out / path.name).resolve() == path.resolve():
        raise ConfigError(f"--out {out} would write over {path}; name another folder")
    laws: list[Law] = []
    with EMBEDDED.new_engine(memory_mb) as worker:
        lean = worker.lean
        job = FileLaws(worker, text, path, extent)
        try:
            with closing(job.found()) as found:
                for law in found:
                    laws.append(law)
                    told(law)
        except KeyboardInterrupt:
            job.notes.append(f"interrupted: {len(laws)} lemmas had been found")
    auditor = auditor_for(EMBEDDED, memory_mb)
    try:
        judged = _judged(auditor, path, text, ends, laws)
        file = write_below(out, path.name, judged.text)
        problems = judged.problems + _rechecked(auditor, file, text, judged.laws)
    finally:
        auditor.close()
    records = [_record(law, judged.axioms[law.name]) for law in judged.laws]
    summary = {
        "title": path.name,
        "command": shlex.join(command),
        "lean": lean,
        "proofsmith": __version__,
        "started": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(began)),
        "seconds": round(time.time() - began, 1),
        "timeout_s": extent.timeout_s,
        "max_size": extent.max_size,
        "conjectured": job.conjectured,
        "proved": len(records),
        "notes": job.notes + problems,
    }
    write_atomically(out / "lemmas.jsonl", "".join(json_text(r) + "\n" for r in records))
    styles = ("report.css", "eval.css")
    page = write_template(out / "explore.html", "explore.html.j2", styles, run=summary, records=records)
    return Explored(records, summary, file, page)


def _behind(text: str, laws: Sequence[Law]) -> str:
    """The file's text with the laws as theorems whose proofs are open."""
    return "\n\n".join([text.rstrip(), *(f"{law.statement} := by sorry" for law in laws)]) + "\n" if laws else text


def _judged(auditor: SharedAuditor, path: Path, text: str, ends: LineEnds, laws: Sequence[Law]) -> Judged:
    """Has each law audited in its place; one that needs a refused one is refused, too."""
    reading = auditor.engine.read(_behind(text, laws), path)
    targets = reading.targets[len(reading.targets) - len(laws) :]
    accepted: dict[str, tuple[str, ...]] = {}
    names: set[str] = set()
    problems: list[str] = []
    for law, target in zip(laws, targets, strict=True):
        if target.problem is not None:
            problems.append(f"refused: {law.name}: {target.problem}")
            continue
        verdict = auditor(target, law.proof)
        unproved = [name for name in verdict.depends_on if name not in names]
        if verdict.accepted and not unproved:
            accepted[law.name] = verdict.axioms
            names.add(target.name)
        else:
            why = verdict.reason or f"it uses {', '.join(unproved)}, which is not proved"
            problems.append(f"refused: {law.name}: {why}")
    kept = [law for law in laws if law.name in accepted]
    if len(kept) < len(laws):
        reading = auditor.engine.read(_behind(text, kept), path)
        targets = reading.targets[len(reading.targets) - len(kept) :]
    proofs = {target.proof_span[0]: law.proof for law, target in zip(kept, targets, strict=True)}
    continued = _continued(ends, text.rstrip().count("\n"), reading.file.text.count("\n"))
    return Judged(kept, accepted, write_proofs(reading.file, proofs, reading.targets, continued), problems)


def _continued(ends: LineEnds, last: int, until: int) -> LineEnds:
    """The line ends with those of new lines, which are like the file's last one."""
    if last in ends.crlf or last - 1 in ends.crlf:
        return LineEnds((*(n for n in ends.crlf if n < last), *range(last, until + 1)))
    return ends


def _rechecked(auditor: SharedAuditor, file: Path, text: str, laws: Sequence[Law]) -> list[str]:
    """What is wrong with the written file as a whole."""
    reading = auditor.engine.read(_behind(text, laws), file)
    last = reading.targets[len(reading.targets) - len(laws) :]
    return auditor.recheck(file, reading, {target.index: law.proof for law, target in zip(laws, last, strict=True)})


def _record(law: Law, axioms: Sequence[str]) -> dict[str, Any]:
    """A line of lemmas.jsonl."""
    return {
        "name": law.name,
        "statement": law.statement,
        "proof": law.proof,
        "uses": list(law.needs),
        "seconds": law.seconds,
        "axioms": list(axioms),
    }
