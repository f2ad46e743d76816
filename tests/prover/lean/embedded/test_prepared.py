"""What set-up makes of the package holds every function of it, and is made anew when it is missing or changed."""

import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.errors import LeanSetupError
from prover.lean.embedded import package, prepared
from prover.lean.embedded.package import EmbeddedPackage, problems_in

IMPORTS, TABLE, GLOBALS, EXPORTS, ELEMENTS, CODE = 2, 4, 6, 7, 9, 10


def number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def sections(data: bytes) -> dict[int, bytes]:
    found, at = {}, 8
    while at < len(data):
        kind = data[at]
        size, at = number(data, at + 1)
        found[kind] = data[at : at + size]
        at += size
    return found


def exports(section: bytes) -> Iterator[tuple[str, int, int]]:
    count, at = number(section, 0)
    for _ in range(count):
        length, at = number(section, at)
        name, at = section[at : at + length].decode("latin-1"), at + length
        kind = section[at]
        index, at = number(section, at + 1)
        yield name, kind, index


def elements(section: bytes) -> tuple[int, list[int]]:
    """Of a section with one segment at a small constant: its first slot, and the functions."""
    assert section[:3] == bytes([1, 0, 0x41]) and section[3] < 64 and section[4] == 0x0B
    count, at = number(section, 5)
    functions = []
    for _ in range(count):
        index, at = number(section, at)
        functions.append(index)
    return section[3], functions


def symbols(data: bytes) -> dict[str, tuple[int, int]]:
    (slots,) = struct.unpack_from("<I", data)
    found = {}
    for slot in range(slots):
        (position,) = struct.unpack_from("<I", data, 8 + 8 * slot)
        if position:
            value, is_data, length = struct.unpack_from("<3I", data, position)
            found[data[position + 12 : position + 12 + length].decode("latin-1")] = (value, is_data)
    return found


def test_every_exported_function_is_found_in_the_table_by_its_name() -> None:
    root = package.ensure()
    folder = prepared.ensure(root)
    before, after = sections(root.lean_wasm.read_bytes()), sections((folder / "lean.wasm").read_bytes())
    assert before[CODE] == after[CODE] and before[GLOBALS] == after[GLOBALS] and before[IMPORTS] == after[IMPORTS]
    first, functions = elements(after[ELEMENTS])
    old_first, old_functions = elements(before[ELEMENTS])
    assert first == old_first and functions[: len(old_functions)] == old_functions  # addresses that are in the data stay
    assert number(after[TABLE], 3)[0] == first + len(functions)
    found = symbols((folder / "lean.symbols").read_bytes())
    exported = list(exports(before[EXPORTS]))
    for name, kind, index in exported:
        if kind == 0:
            slot, is_data = found[name]
            assert not is_data and functions[slot - first] == index, name
    data = {name for name, kind, _ in exported if kind == 3} - {"__stack_pointer"}  # that one changes; it stays exported
    assert {name for name, (_, is_data) in found.items() if is_data} == data
    assert {name for name, _, _ in exported} - set(found) == {"__stack_pointer", "__indirect_function_table"}
    kept = {name for name, _, _ in exports(after[EXPORTS])}
    assert len(kept) < 100 and {"__stack_pointer", "__indirect_function_table", "_emscripten_tls_init"} <= kept


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedPackage:
    """The real package in a cache of its own, by links, with its prepared folder."""
    real = package.ensure()
    root = tmp_path / real.root.name
    root.mkdir()
    for name in ("lean.js", "lean.wasm", "lib", "manifest.json", "complete.json"):
        (root / name).symlink_to(real.root / name)
    shutil.copytree(prepared.ensure(real), prepared.folder_of(EmbeddedPackage(root)), copy_function=os.link)
    monkeypatch.setenv(package.CACHE_VARIABLE, str(tmp_path))
    return EmbeddedPackage(root)


def test_what_is_missing_is_made_and_old_versions_go(copy: EmbeddedPackage) -> None:
    folder = prepared.folder_of(copy)
    (folder / "lean.symbols").unlink()
    old, recent = (folder.with_name(f"{copy.root.name}.start-{name}") for name in ("old", "recent"))
    for other in (old, recent):
        other.mkdir()
    long_ago = time.time() - (prepared.UNUSED_DAYS + 1) * 86_400
    os.utime(old, (long_ago, long_ago))
    assert prepared.ensure(copy, progress=False) == folder
    assert problems_in(folder, deep=True) == []
    assert recent.exists() and not old.exists()


def test_setup_check_names_a_changed_file(copy: EmbeddedPackage) -> None:
    script = prepared.folder_of(copy) / "lean.cjs"
    text = script.read_bytes()
    script.unlink()  # it is a link to the real one
    script.write_bytes(text.replace(b"leanSymbol", b"leansymbol", 1))
    command = [sys.executable, "-m", "prover.cli.main", "setup", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3 and f"{script}: other contents" in done.stderr


def test_another_build_of_the_package_is_refused_by_name(copy: EmbeddedPackage) -> None:
    copy.lean_js.unlink()
    copy.lean_js.write_text("var nothing;")
    with pytest.raises(LeanSetupError, match="not the build that this host knows"):
        prepared.ensure(copy, progress=False, force=True)


def test_another_version_of_what_makes_it_makes_its_own(
    copy: EmbeddedPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = prepared.folder_of(copy)
    changed = tmp_path / "host"
    changed.mkdir()
    for name in prepared.MAKERS:
        shutil.copy(prepared.HOST_FOLDER / name, changed)
    (changed / "glue.cjs").write_text("// another\n")
    monkeypatch.setattr(prepared, "HOST_FOLDER", changed)
    assert prepared.folder_of(copy) != before
