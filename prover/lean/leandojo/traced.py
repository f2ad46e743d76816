"""Repositories that LeanDojo traces: had through its own `trace`, and read file by file.

LeanDojo clones and builds the repository, runs its ExtractData.lean over it, and keeps the result in its cache (CACHE_DIR, or
~/.cache/lean_dojo), so a commit is traced once. It asks GitHub for the commit of the repository's Lean, for a local
repository too. Its last release, 4.20.0, was made for Lean up to about v4.20.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lean_dojo
from lean_dojo.data_extraction import ast, cache, lean
from lean_dojo.data_extraction.traced_data import get_code_without_comments

from prover.errors import ConfigError, DataError, LeanSetupError
from prover.lean.backends import Native
from prover.lean.commands import split
from prover.lean.leandojo.engine import DojoEngine
from prover.lean.leandojo.untraced import STARTING
from prover.lean.native.discover import native_problem
from prover.lean.native.lake import byte_of
from prover.lean.native.project import read_project
from prover.lean.native.reader import parse_header
from prover.lean.positions import Places
from prover.lean.targets import PROVABLE, Reading, Target, load

NOT_READ = (AssertionError, ValueError, LookupError, AttributeError, TypeError)
"""What LeanDojo raises over syntax that it does not know."""
VALUES = (ast.CommandDeclvalsimpleNode, ast.CommandDeclvaleqnsNode, ast.CommandWherestructinstNode)
KINDS = {
    "theorem": "theorem", "lemma": "theorem", "mathlibtacticlemma": "theorem", "instance": "instance", "def": "definition",
    "definition": "definition", "abbrev": "definition", "leanelabcommandcommandirreducibledef": "definition",
    "opaque": "opaque", "axiom": "axiom", "inductive": "inductive", "structure": "inductive", "classinductive": "inductive",
}  # fmt: skip
PACKAGES = (".lake", "packages")


@dataclass(frozen=True)
class Source:
    """A repository to trace: the folder of a git repository or an https address, and a full commit."""

    url: str
    commit: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder."""
        return not self.url.startswith(("https://", "git@"))


def parse_source(text: str) -> Source:
    """Reads `PATH`, `PATH@COMMIT` or `URL@COMMIT`. Raises ConfigError with what is wrong."""
    where, _, commit = text.partition("@") if not text.startswith("git@") else _after_user(text)
    if where.startswith(("https://", "git@")):
        if not commit:
            raise ConfigError(f"--repo {text}: say which commit or tag: {where}@COMMIT")
        return Source(where.removesuffix(".git"), commit)
    folder = Path(where).absolute()
    if not folder.is_dir():
        raise ConfigError(f"--repo {where}: there is no such folder; an address begins with https://")
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if head is None or not (folder / "lean-toolchain").is_file():
        raise ConfigError(f"--repo {where} is not the top of a git repository with a commit and a lean-toolchain")
    wanted = _git(folder, "rev-parse", "--verify", "--quiet", f"{commit or 'HEAD'}^{{commit}}")
    if wanted is None:
        raise ConfigError(f"--repo {text}: {where} has no commit {commit}")
    if wanted != head:
        raise ConfigError(
            f"--repo {text}: LeanDojo traces the commit that is checked out, {head[:12]}; git -C {where} checkout {commit}"
        )
    return Source(str(folder), wanted)


def traced_repo(
    source: Source, with_dependencies: bool = False, github_token: str | None = None
) -> lean_dojo.TracedRepo:
    """LeanDojo's `trace`: from its cache, or by building and tracing. What it and Lake print goes to stderr.

    Args:
        source: what to trace.
        with_dependencies: trace what the repository is built upon as well, Lean's own library included (hours for Mathlib).
        github_token: for more than 60 questions an hour to GitHub.

    Raises:
        LeanSetupError: no toolchain, no answer from GitHub, a build that fails; says what to do.
    """
    with STARTING, _stdout_on_stderr(), _translated(source):
        if github_token is not None:
            os.environ["GITHUB_ACCESS_TOKEN"] = github_token
            lean.GITHUB = lean.Github(auth=lean.Auth.Token(github_token))
        if source.is_local:
            cache.DISABLE_REMOTE_CACHE = True  # a folder of this machine is in no cache but this machine's
        repo = lean_dojo.LeanGitRepo(source.url, source.commit)
        if not lean_dojo.is_available_in_cache(repo):
            problem = native_problem(read_project(Path(source.url)) if source.is_local else None)
            if problem is not None:
                raise LeanSetupError(f"{source.url} is not traced yet, and cannot be: {problem}")
        return lean_dojo.trace(repo, build_deps=with_dependencies)


def own_files(repo: lean_dojo.TracedRepo, with_dependencies: bool) -> list[lean_dojo.TracedFile]:
    """The traced files in the order of their paths; those of packages only when they are asked for."""
    files = [f for f in repo.traced_files if with_dependencies or f.path.parts[:2] != PACKAGES]
    return sorted(files, key=lambda f: str(f.path))


def module_of(path: Path) -> str:
    """The module of a file, by its path in the traced repository."""
    parts = path.with_suffix("").parts
    if parts[:2] == PACKAGES:
        parts = parts[3:]
        for below in (("src", "lean", "lake"), ("src", "lean")):
            if parts[: len(below)] == below:
                parts = parts[len(below) :]
    return ".".join(parts)


def declarations(file: lean_dojo.TracedFile) -> Iterator[dict[str, Any]]:
    """What can be a premise: name, kind, signature, docstring, what its type and its value mention.

    Raises one of `NOT_READ` where LeanDojo does not understand the file.
    """
    found: list[Any] = []
    file.traverse_preorder(lambda node, _: found.append(node) if ast.is_potential_premise_lean4(node) else None)
    for node in found:
        names = node.full_name if ast.is_mutual_lean4(node) else [node.full_name]
        inner = node.children[1] if isinstance(node, ast.CommandDeclarationNode) else node
        uses, value_uses = _mentioned(node)
        for name in names:
            if name is not None:
                yield {
                    "name": name,
                    "kind": KINDS.get(inner.kind().removeprefix("command"), "other"),
                    "signature": _signature(file, node),
                    "docstring": _docstring(node),
                    "uses": [u for u in uses if u != name],
                    "value_uses": [u for u in value_uses if u != name],
                }


def steps(theorem: lean_dojo.TracedTheorem) -> list[dict[str, Any]]:
    """The tactics of a theorem's proof with the states around them, as LeanDojo traced them.

    Raises one of `NOT_READ` where LeanDojo does not understand the proof.
    """
    statement = theorem.get_theorem_statement().removesuffix(":=").rstrip()
    found = []
    for number, tactic in enumerate(theorem.get_traced_tactics()):
        annotated, provenances = tactic.get_annotated_tactic()
        found.append({
            "full_name": theorem.theorem.full_name,
            "statement": statement,
            "step": number,
            "state_before": tactic.state_before,
            "tactic": tactic.tactic,
            "annotated_tactic": annotated,
            "state_after": tactic.state_after,
            "premises": list(dict.fromkeys(p["full_name"] for p in provenances)),
        })  # fmt: skip
    return found


def _mentioned(node: Any) -> tuple[list[str], list[str]]:
    in_type: dict[str, None] = {}
    in_value: dict[str, None] = {}

    def note(ident: Any, parents: list[Any]) -> None:
        if ident.full_name is not None:
            (in_value if any(isinstance(p, VALUES) for p in parents) else in_type)[ident.full_name] = None

    node.traverse_preorder(note, ast.IdentNode)
    return list(in_type), list(in_value)


def _signature(file: lean_dojo.TracedFile, node: Any) -> str | None:
    """What stands between the name and the value, comments left out."""
    name, value = _first(node, (ast.CommandDeclidNode,)), _first(node, VALUES)
    start = name.end if name is not None else node.start
    end = value.start if value is not None else node.get_closure()[1]
    if start is None or end is None:
        return None
    return str(get_code_without_comments(file.lean_file, start, end, file.comments)).removesuffix(":=").rstrip()


def _docstring(node: Any) -> str | None:
    found = _first(node, (ast.CommandDoccommentNode,))
    return None if found is None else str(found.comment).removesuffix("-/").strip()


def _first(node: Any, kinds: tuple[type, ...]) -> Any:
    found: list[Any] = []
    node.traverse_preorder(lambda n, _: found.append(n) if isinstance(n, kinds) else None, None)
    return found[0] if found else None


def _after_user(text: str) -> tuple[str, str, str]:
    head, _, rest = text.partition(":")
    path, at, commit = rest.partition("@")
    return f"{head}:{path}", at, commit


def _git(folder: Path, *arguments: str) -> str | None:
    ran = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)
    return ran.stdout.strip() if ran.returncode == 0 else None


@contextlib.contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Lake, Lean and LeanDojo's progress bar print on stdout, where our results go."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextlib.contextmanager
def _translated(source: Source) -> Iterator[None]:
    """LeanDojo's failures in words; its own messages stand on stderr before."""
    where = f"{source.url}@{source.commit[:12] if lean.is_commit_hash(source.commit) else source.commit}"
    try:
        yield
    except LeanSetupError:
        raise
    except subprocess.CalledProcessError as error:
        raise LeanSetupError(
            f"tracing {where}: `{error.cmd}` ended with exit code {error.returncode}; what it said stands above. "
            "Does the project build by itself (lake build)? LeanDojo 4.20.0 traces projects with Lean up to about v4.20"
        ) from error
    except lean.GithubException as error:
        raise LeanSetupError(
            f"tracing {where}: GitHub refused ({error.status}). LeanDojo asks it for commits, 60 times an hour without a "
            "token: export GITHUB_ACCESS_TOKEN=…, or wait"
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's, the system's; those of the network have none
        raise LeanSetupError(
            f"tracing {where}: no answer from the network ({_reason(error)}). LeanDojo asks GitHub for the commit of the "
            "repository and of its Lean, for a traced repository too"
        ) from error
    except NOT_READ as error:
        folder = cache.cache.cache_dir
        said = str(error).strip() or "an assertion failed"
        raise LeanSetupError(
            f"LeanDojo could not trace or load {where}: {said}. If an earlier run was interrupted, its cache is incomplete: "
            f"remove the repository's folder in {folder} and run this again"
        ) from error


def _reason(error: Exception) -> str:
    inner = str(getattr(error, "reason", None) or error)
    return "GitHub's name cannot be resolved" if "resol" in inner or "Name or service" in inner else inner[:120]


START_TIMEOUT_S = 300


class TracedEngine(DojoEngine):
    """Reads a file by what LeanDojo saw in it; the proofs of its theorems are what is searched for anew."""

    def __init__(self, backend: TracedBackend, memory_mb: int) -> None:
        super().__init__(backend.project, self._dojo_of, memory_mb, backend.new_reader(), backend.lean)
        self._backend = backend

    def read(self, text: str, path: Path | None = None) -> Reading:
        """See `Engine`."""
        assert path is not None
        file = parse_header(text, path)
        commands, places = split(text, file.body_start), Places(text)
        targets, notes = [], []
        for theorem in self._backend.files[path].get_traced_theorems():
            name = theorem.theorem.full_name
            if self._backend.wanted and name not in self._backend.wanted:
                continue
            at = byte_of(places, {"line": theorem.start.line_nb, "column": theorem.start.column_nb - 1})
            found = [(i, c) for i, c in enumerate(commands) if c.start <= at < c.end and c.declaration in PROVABLE]
            if len(found) != 1 or found[0][1].value is None:
                notes.append(f"{path}:{theorem.start.line_nb}: {name} is left out: its command cannot be told by its text")
                continue
            index, command = found[0]
            assert command.value is not None
            targets.append(Target(file, index, name, command.start, command.end, command.value))
            self._backend.theorems[file.sha256, command.start] = theorem.theorem
        return Reading(file, tuple(targets), tuple(notes))

    def _dojo_of(self, target: Target) -> lean_dojo.Dojo:
        return lean_dojo.Dojo(self._backend.theorems[target.file.sha256, target.start], timeout=START_TIMEOUT_S)


@dataclass(frozen=True)
class TracedBackend(Native):
    """Through `lean_dojo.Dojo(theorem)`. `files` are the traced files to read; `wanted` theorems by full name, none for all."""

    name: str = "traced"
    files: dict[Path, lean_dojo.TracedFile] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()
    theorems: dict[tuple[str, int], lean_dojo.Theorem] = field(default_factory=dict)

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> TracedEngine:
        """A place for one theorem's process after another."""
        return TracedEngine(self, memory_mb)


def traced_backend(source: Source, wanted: list[str], github_token: str | None) -> TracedBackend:
    """Traces the repository, or takes it from LeanDojo's cache.

    Args:
        source: the repository.
        wanted: full names of theorems; none for all of the repository's own.
        github_token: see `traced_repo`.

    Raises:
        DataError: a theorem that is not there.
        LeanSetupError: the repository cannot be had, or its Lean does not answer.
    """
    repo = traced_repo(source, False, github_token)
    files: dict[Path, Any] = {}
    missing = set(wanted)
    for file in own_files(repo, False):
        names = {t.theorem.full_name for t in file.get_traced_theorems()}
        if names and (not wanted or names & set(wanted)):
            files[file.abs_path] = file
        missing -= names
    if missing:
        raise DataError(f"{source.url} has no theorem {', '.join(sorted(missing))}; full names are needed, with namespaces")
    if not files:
        raise DataError(f"LeanDojo found no theorem in {source.url}")
    root = Path(repo.root_dir)
    why = f"LeanDojo's trace of {source.url}, in {root}"
    return TracedBackend(read_project(root), why, files=files, wanted=frozenset(wanted))


def texts(backend: TracedBackend) -> list[tuple[str, str, Path]]:
    """The files to prove things in: name below the repository, text, path."""
    return [(path.relative_to(backend.project.root).as_posix(), load(path), path) for path in backend.files]
