"""A wheel of the tree, installed elsewhere, works as the checkout does."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the wheel's packages lie: nothing of the checkout is on its path."""
    built = tmp_path_factory.mktemp("wheel")
    source = built / "source"
    subprocess.run(["git", "-C", str(ROOT), "checkout-index", "--all", f"--prefix={source}/"], check=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(built), str(source)], check=True, timeout=240)
    (wheel,) = built.glob("*.whl")
    target = tmp_path_factory.mktemp("installed")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True, timeout=240)
    return target


def run(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs Python with the wheel's packages, and what they depend on, alone."""
    path = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-P", *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=240, check=False
    )


def test_every_file_of_the_packages_is_in_the_wheel(installed: Path) -> None:
    ls_files = ["git", "-C", str(ROOT), "ls-files", "prover", "search", "data", "lean_project"]
    listed = subprocess.run(ls_files, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(listed) > 200
    assert [name for name in listed if not (installed / name).is_file()] == []


def test_the_native_library_is_found_from_a_wheel(installed: Path, tmp_path: Path) -> None:
    code = "from prover.lean.native.library import SOURCE; print(SOURCE.is_file(), SOURCE)"
    ran = run(installed, "-c", code, cwd=tmp_path)
    assert ran.stdout.split() == ["True", str(installed / "lean_project" / "Proofsmith" / "Native.lean")], ran.stderr


def test_an_installed_wheel_proves_a_theorem(installed: Path, tmp_path: Path) -> None:
    statement = "theorem t (a b : Nat) : a + b = b + a"
    ran = run(installed, "-m", "prover.cli.main", "prove", "--statement", statement, "--out", "run", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "run" / "report.html").is_file()
    assert "sorry" not in (tmp_path / "run" / "proofs" / "statement.lean").read_text("utf-8")
