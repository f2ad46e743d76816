"""The library's theorems as premises: asked of Lean once, kept in the cache folder.

    <cache>/premises-<format>-<lean commit>-<hash of modules>.json.gz
        {"format", "lean", "modules", "entries": [[name, signature, module], …], "names": {module: [name, …]}}
    <cache>/premises-….<hash of the index and the selector's model>.npz
        what the selector reads from the signatures: made with the index, or by the first search after another selector came

Names come cheaply, signatures at about a millisecond each, so what nobody would cite is left out first:
auxiliary theorems that Lean makes by itself, monad transformers, the inside of decision procedures.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from prover.errors import LeanProcessError
from prover.lean.embedded.package import cache_dir
from prover.lean.embedded.process import DEFAULT_MEMORY_MB
from prover.lean.embedded.worker import LeanWorker
from prover.policy.names import Names, NamesByModule
from prover.policy.premises import Premise, PremiseIndex
from prover.policy.premises.index import NO_THEOREMS
from prover.policy.premises.model import SelectorModel
from prover.policy.premises.selector import Selector
from prover.printable import tell

FORMAT = 3
EMBEDDED_LEAN = "4.28.0-pre, commit 38f3c0c45b8df6da2652faff6dcaa15afb5a6981"
"""What `LeanWorker.lean` says of the package that `prover.lean.embedded.package` obtains."""
TABLES = 2
"""Raised when the selector reads signatures in another way."""
BATCH = 400
SAID_EVERY_S = 10.0
THEOREM_KINDS = frozenset({"theorem", "axiom"})
"""Imported theorems whose proofs are not exported appear as axioms."""
SKIPPED_ROOTS = frozenset({
    "Lean", "Std", "IO", "System", "FloatArray", "Float", "Float32", "ST", "EST", "EIO", "StateT", "ExceptT", "OptionT",
    "ReaderT", "StateCpsT", "ExceptCpsT", "EStateM", "StateRefT", "Id", "ShareCommon", "DoResultPRBC", "DoResultPR",
    "DoResultSBC", "DoResultBC", "LawfulMonad", "Thunk", "Task", "ForInStep", "LawfulFunctor", "LawfulApplicative",
    "MonadExcept",
})  # fmt: skip
SKIPPED = re.compile(
    r"(^|\.)(inst[A-Z]\w*|sizeOf\w*|injEq|inj|congr_simp|induct\w*|fun_cases\w*|noConfusion\w*|eq_\d+|eq_def|rec\w*|below\w*|repr"
    r"|default|Linear|SOM|Internal|Cooper|Impl|toListImpl|loop|go|aux|lawful\w*|reduce\w*|_\w*|ofNat_\w*lit\w*|mapM\w*"
    r"|forM\w*|forIn\w*|foldlM\w*|foldrM\w*|filterM\w*|anyM\w*|allM\w*|findM\w*|findSomeM\w*|\w*_eq_\w*Impl\w*|\w*TR\w*)($|\.)"
)
UNSAID = re.compile(r"(^|\.)(_|match_\d|proof_\d|eq_\d|rec(On)?$|casesOn$|brecOn|below|noConfusion|inst[A-Z])|^Lean\.|✝|«|\.\d")
"""Names that nobody writes in a proof."""
SKIPPED_MODULES = ("Init.Grind", "Init.Omega", "Init.Internal", "Init.Meta", "Init.Control", "Lean.")


def load_or_build(
    worker: LeanWorker,
    modules: tuple[str, ...] = ("Init",),
    progress: Callable[[str], None] | None = None,
    keep: Callable[[str, str], bool] | None = None,
) -> PremiseIndex:
    """The index for what a file imports; from the cache when it is there.

    Args:
        worker: asked when it has to be built (some 20 s on one core).
        modules: the imports.
        progress: told how far it is, one line at a time; None writes to stderr.
        keep: chooses by name and module in place of the rule above; such an index is not cached.

    Raises:
        LeanProcessError: Lean was lost on the way; nothing is cached.
    """
    say = progress or _Said()
    path = cache_path(worker.lean, modules)
    if keep is None and (stored := _read(path)) is not None:
        return stored
    state = worker.base_state(modules)
    listed = worker.request("library", state=state)
    homes = {
        name: listed["modules"][module]
        for name, kind, module in listed["constants"]
        if kind in THEOREM_KINDS and module >= 0 and (keep or citable)(name, listed["modules"][module])
    }
    said: dict[str, list[str]] = {}
    for name, _, module in listed["constants"]:
        if module >= 0 and UNSAID.search(name) is None:
            said.setdefault(listed["modules"][module], []).append(name)
    names = list(homes)
    entries: list[tuple[str, str, str]] = []
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        signatures = worker.request("library", state=worker.base_state(modules), names=batch)["signatures"]
        entries += [(n, " ".join(s.split()), homes[n]) for n, s in zip(batch, signatures, strict=True) if s is not None]
        say(f"reading the library's theorems: {min(start + BATCH, len(names))} of {len(names)}")
    if keep is None:
        contents = {"format": FORMAT, "lean": worker.lean, "modules": list(modules), "entries": entries, "names": said}
        _write(path, gzip.compress(json.dumps(contents, ensure_ascii=False).encode(), 6, mtime=0))
        if (made := _read(path)) is not None:
            say("reading their statements for the selector")
            assert made.selector is not None
            return made
    return _index(entries, said)


def library_premises(memory_mb: int = DEFAULT_MEMORY_MB, wait: bool = True) -> LazyPremises:
    """The library's theorems for a policy; where the cache has none yet, a Lean is started and asked first.

    Args:
        memory_mb: ceiling of that Lean.
        wait: for the answer; without, it comes beside what this process does next, and until then no theorem is found.

    Raises LeanProcessError when Lean cannot be had.
    """
    premises = LazyPremises()

    def build(progress: Callable[[str], None] | None = None) -> None:
        with LeanWorker(memory_mb) as worker:
            premises.offer(load_or_build(worker, progress=progress))

    def beside() -> None:
        tell("reading the library's theorems beside the search, once …")
        try:
            build(lambda _: None)
            tell("the library's theorems are read")
        except LeanProcessError as error:
            tell(f"going on without the library's theorems: {error}")

    if not cache_path(EMBEDDED_LEAN, ("Init",)).exists():
        if wait:
            build()
        else:
            premises.expect()
            threading.Thread(target=beside, name="premises", daemon=True).start()
    return premises


_loaded_ahead: dict[Path, PremiseIndex] = {}


def preload() -> None:
    """Load the core library's index, where the cache has it, for all that ask for it in this process and its forks."""
    path = cache_path(EMBEDDED_LEAN, ("Init",))
    if (index := _read(path)) is not None:
        index.search("⊢ True", 1)
        _loaded_ahead[path] = index


def cached(lean: str, modules: tuple[str, ...] = ("Init",)) -> PremiseIndex | None:
    """The index if it is in the cache; no Lean is needed."""
    return _read(cache_path(lean, modules))


def cache_path(lean: str, modules: Sequence[str]) -> Path:
    """Where the index for a Lean (version and commit) and a set of imports is kept."""
    commit = lean.rsplit(" ", 1)[-1][:12] or "unknown"
    imports = hashlib.sha256("\0".join(sorted(modules)).encode()).hexdigest()[:12]
    return cache_dir() / f"premises-{FORMAT}-{commit}-{imports}.json.gz"


def citable(name: str, module: str) -> bool:
    """Whether a theorem is one that a person would cite."""
    root = name.split(".", 1)[0]
    if module.startswith("Std.") and root == "Std":
        return SKIPPED.search(name) is None
    if root in SKIPPED_ROOTS or module.startswith(SKIPPED_MODULES):
        return False
    return SKIPPED.search(name) is None and "✝" not in name


class LazyPremises:
    """The cached index, loaded when it is first searched; finds nothing while there is none.

    So a policy can be made before any Lean runs. `offer` gives it an index that has been built meanwhile.
    """

    def __init__(self, lean: str = EMBEDDED_LEAN, modules: tuple[str, ...] = ("Init",)) -> None:
        self._lean = lean
        self._modules = modules
        self._index: PremiseIndex | None = None
        self._looked = False
        self._lock = threading.Lock()

    def offer(self, index: PremiseIndex) -> None:
        """Uses this index from now on."""
        self._index = index

    def expect(self) -> None:
        """The cache has none; one will be offered."""
        self._looked = True

    def warm(self) -> None:
        """Load the index and make its search tables in the background, so that no theorem's time pays for them."""
        threading.Thread(target=lambda: self.search("⊢ True", 1), name="premises", daemon=True).start()

    def search(
        self, goal_text: str, k: int, imported: frozenset[str] | None = None, own: Mapping[str, str] = NO_THEOREMS
    ) -> list[Premise]:
        """See `PremiseIndex.search`."""
        index = self._loaded()
        return [] if index is None else index.search(goal_text, k, imported, own)

    def namesakes(self, name: str, k: int, imported: frozenset[str] | None = None) -> list[Premise]:
        """See `PremiseIndex.namesakes`."""
        index = self._loaded()
        return [] if index is None else index.namesakes(name, k, imported)

    def __contains__(self, name: str) -> bool:
        index = self._loaded()
        return index is not None and name in index

    def look_up(self, query: str, limit: int) -> list[tuple[Premise, str]]:
        """See `PremiseIndex.look_up`."""
        index = self._loaded()
        return [] if index is None else index.look_up(query, limit)

    def learn(self, goal_text: str, names: Sequence[str]) -> None:
        """See `PremiseIndex.learn`."""
        index = self._loaded()
        if index is not None:
            index.learn(goal_text, names)

    def names(self, imported: frozenset[str] | None = None) -> Names | None:
        """See `PremiseIndex.names`."""
        index = self._loaded()
        return None if index is None else index.names(imported)

    def _loaded(self) -> PremiseIndex | None:
        if self._index is None and not self._looked:
            with self._lock:
                if self._index is None and not self._looked:
                    self._index = cached(self._lean, self._modules)
                    self._looked = True
        return self._index


def _read(path: Path) -> PremiseIndex | None:
    if path in _loaded_ahead:
        return _loaded_ahead[path]
    try:
        content = path.read_bytes()
        stored = json.loads(gzip.decompress(content))
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        return None
    try:
        entries = [(str(name), str(signature), str(module)) for name, signature, module in stored["entries"]]
        said = {str(module): list(names) for module, names in stored["names"].items()}
        return _index(entries, said, partial(_kept, path, content))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _index(
    entries: Sequence[tuple[str, str, str]], names: dict[str, list[str]], make: Callable[..., Selector] = Selector
) -> PremiseIndex:
    homes = [module for *_, module in entries]
    return PremiseIndex([(name, signature) for name, signature, _ in entries], homes, NamesByModule(names), make=make)


def _kept(
    index: Path, content: bytes, names: Sequence[str], signatures: Sequence[str], modules: Sequence[str],
    model: SelectorModel | None,
) -> Selector:
    """The selector of an index, with tables from the cache; where there are none, they are made and kept."""
    key = hashlib.sha256(f"{TABLES} {model.sha256 if model else ''} ".encode() + content).hexdigest()
    stem = index.name.removesuffix(".json.gz")
    path = index.with_name(f"{stem}.{key[:12]}.npz")
    try:
        with np.load(path, allow_pickle=False) as stored:
            return Selector(names, signatures, modules, model, dict(stored))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        made = Selector(names, signatures, modules, model)
        tables = io.BytesIO()
        np.savez(tables, **cast("dict[str, Any]", made.tables()))
        for old in index.parent.glob(f"{stem}.*.npz"):
            old.unlink(missing_ok=True)
        _write(path, tables.getvalue())
        return made


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all. A cache that cannot be written only costs the next start its time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".premises-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        tell(f"proofsmith: cannot keep {path}: {error.strerror or error}")


class _Said:
    """Progress on stderr: one line that changes on a terminal; elsewhere a line now and then."""

    def __init__(self) -> None:
        self._at = 0.0

    def __call__(self, line: str) -> None:
        now = time.monotonic()
        if sys.stderr.isatty():
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
        elif now - self._at >= SAID_EVERY_S:
            self._at = now
            tell(line)
