"""`proofsmith explore`: the laws of a file, found, audited and written."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from prover.cli.main import main
from prover.explore.laws import Extent, Law
from prover.explore.names import law_name, unused
from prover.lean.embedded.worker import LeanWorker
from prover.lean.evaluated import Equation
from prover.prove.exploration import explore

OWN = """namespace T
inductive Seq (a : Type) where
  | nil
  | cons (head : a) (tail : Seq a)
inductive Num where
  | zero
  | next (n : Num)
def plus (x y : Num) : Num := match x with
  | Num.zero => y
  | Num.next z => Num.next (plus z y)
def append {a : Type} (x y : Seq a) : Seq a := match x with
  | Seq.nil => y
  | Seq.cons z zs => Seq.cons z (append zs y)
def len {a : Type} (x : Seq a) : Num := match x with
  | Seq.nil => Num.zero
  | Seq.cons _ zs => Num.next (len zs)
partial def spin (x : Num) : Num := spin (Num.next x)
end T
theorem append_nil : True := trivial
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explore") / "Own.lean"
    path.write_text(OWN, "utf-8")
    return path


def test_laws_are_found_audited_and_written_as_theorems_that_elaborate(
    file: Path, lean_worker: LeanWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.parent / "out"
    assert main(["explore", str(file), "--out", str(out), "--timeout", "60", "--most", "8"]) == 0
    records = [json.loads(line) for line in (out / "lemmas.jsonl").read_text("utf-8").splitlines()]
    by_name = {r["name"]: r for r in records}
    assert by_name["plus_zero"]["statement"] == "theorem plus_zero (x : T.Num) : T.plus x T.Num.zero = x"
    assert by_name["append_nil_2"]["statement"].endswith("(T.Seq.nil : T.Seq α) = x₁")  # the file has an append_nil
    assert all("sorryAx" not in r["axioms"] and r["seconds"] >= 0 for r in records)
    written = (out / "Own.lean").read_text("utf-8")
    assert written.startswith(OWN.rstrip())
    commands = lean_worker.commands(lean_worker.header(written))
    assert not [e for c in commands for e in c.errors] and not any(c.sorries for c in commands)
    page = (out / "explore.html").read_text("utf-8")
    assert "plus_zero" in page and "<script" not in page and "http" not in page.replace("http-equiv", "")
    told = capsys.readouterr()
    assert "refused" not in told.err and any(r["uses"] for r in records)
    assert "T.spin cannot be unfolded or evaluated" in told.err and f"{len(records)} lemmas proved and audited" in told.out


def test_an_interrupted_exploration_keeps_what_it_found(file: Path) -> None:
    def told(law: Law) -> None:
        signal.raise_signal(signal.SIGINT)

    done = explore(file, Extent(timeout_s=60), file.parent / "interrupted", 3000, told)
    assert len(done.records) == 1 and any("interrupted" in note for note in done.summary["notes"])
    assert done.records[0]["name"] in done.file.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theorem t : True := trivial\n", "has no definitions"),
        ("partial def f (n : Nat) : Nat := f (n + 1)\n", "f cannot be unfolded or evaluated"),
        ("def f (n : Missing.T) : Nat := 0\n", "cannot be explored"),
        ("def f (n : Nat) : Nat := n\n/- open\n", "is a comment left open"),
        ("opaque f : Nat → Nat\n", "has no definitions"),
    ],
)
def test_what_cannot_be_explored_is_said_in_one_line(
    text: str, said: str, tmp_path: Path, lean_worker: LeanWorker, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("prover.lean.embedded.worker.Embedded.new_engine", lambda *_: Kept(lean_worker))
    file = tmp_path / "F.lean"
    file.write_text(text, "utf-8")
    assert main(["explore", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 2
    last = capsys.readouterr().err.strip()
    assert said in last and "\n" not in last and not (tmp_path / "out").exists()


def test_what_rests_on_an_unproved_theorem_of_the_file_is_refused(file: Path) -> None:
    unproved = "@[grind =] theorem unproved (x : T.Num) : T.plus x T.Num.zero = x := by sorry\n"
    path = file.parent / "Unproved.lean"
    path.write_bytes((OWN + unproved).replace("\n", "\r\n").encode())
    done = explore(path, Extent(timeout_s=40, max_size=4), file.parent / "unproved", 3000, lambda _: None)
    assert any("which is not proved" in note for note in done.summary["notes"])
    written = done.file.read_bytes().decode()
    assert written.count("\r\n") == written.count("\n")
    assert written.count("sorry") == 1 and all(r["name"] in written for r in done.records)
    assert not any("elaborate" in note for note in done.summary["notes"])


class Kept:
    """A worker that stays when its context is left: a process takes seconds to start."""

    def __init__(self, worker: LeanWorker) -> None:
        self.worker = worker

    def __enter__(self) -> LeanWorker:
        return self.worker

    def __exit__(self, *_: object) -> None:
        """Nothing is closed."""


@pytest.mark.parametrize("option", [["--timeout", "0"], ["--max-size", "0"], ["--most", "-1"]])
def test_impossible_limits_are_usage_errors(option: list[str], file: Path) -> None:
    assert main(["explore", str(file), *option]) == 2


def test_a_file_is_never_written_over(file: Path) -> None:
    assert main(["explore", str(file), "--out", str(file.parent)]) == 2
    assert file.read_text("utf-8") == OWN


@pytest.mark.parametrize(
    ("text", "variables", "name"),
    [
        ("T.plus x T.Num.zero = x", "x", "plus_zero"),
        ("T.append x (T.Seq.nil : T.Seq α) = x", "x", "append_nil"),
        ("T.plus x y = T.plus y x", "xy", "plus_comm"),
        ("T.plus (T.plus x y) z = T.plus x (T.plus y z)", "xyz", "plus_assoc"),
        ("T.len (T.append x y) = T.plus (T.len x) (T.len y)", "xy", "len_append"),
        ("f x = Nat.zero", "x", "f_eq_zero"),
    ],
)
def test_a_law_is_called_after_its_functions(text: str, variables: str, name: str) -> None:
    assert law_name(Equation(text, tuple((v, "T") for v in variables), 1)) == name


def test_a_taken_name_gets_a_number() -> None:
    assert unused("a", {"a", "a_2"}) == "a_3"


def test_an_implication_is_called_after_its_conclusion_and_premises() -> None:
    assert law_name(Equation("T.le x y = Bool.false → T.le y x = Bool.true", (("x", "N"), ("y", "N")), 8)) == "le_of_le"
    assert law_name(Equation("T.eq x y = Bool.true → x = y", (("x", "N"), ("y", "N")), 6)) == "eq_of_eq"
