"""Lean files: every form of an open theorem is found, proofs go where they belong, faults are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.errors import DataError, ProverError
from prover.lean import targets
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.targets import LeanFile, Reading, Target

FORMS = {
    "by sorry": "theorem T : True := by sorry",
    "sorry": "theorem T : True := sorry",
    "on the next line": "theorem T : True :=\n  sorry",
    "by on the next line": "theorem T : True := by\n  sorry",
    ":= on the next line": "theorem T : True\n    := by\n      sorry",
    "much space": "theorem   T  :   True   :=   by   \n\n   sorry   ",
    "comment inside": "theorem /- here -/ T : True /- := sorry -/ := by sorry",
    "comment behind": "theorem T : True := by sorry -- to do",
    "attribute": "@[simp] theorem T (n : Nat) : n + 0 = n := by sorry",
    "attributes": "@[simp, local grind =]\ntheorem T (xs : List Nat) : xs ++ [] = xs := by sorry",
    "docstring": "/-- Says `theorem x : True := sorry`. -/\ntheorem T : True := by sorry",
    "docstring and attribute": "/-- Doc. -/ @[simp] protected theorem X.T (n : Nat) : n * 1 = n := sorry",
    "open in": "open Nat in\ntheorem T (n : Nat) : succ n = n + 1 := by sorry",
    "set_option in": "set_option maxRecDepth 2000 in\ntheorem T : True := by sorry",
    "several in": "open Nat in\nset_option maxRecDepth 2000 in\n/-- D -/ theorem T : succ 1 = 2 := by sorry",
    "variable in": "variable (p : Prop) in\ntheorem T (h : p) : p := by sorry",
    "namespace": "namespace A.B\ntheorem T : True := by sorry\nend A.B",
    "root": "namespace A\ntheorem _root_.T : True := by sorry\nend A",
    "dotted": "namespace A\ntheorem B.T : True := by sorry\nend A",
    "private": "private theorem T : True := by sorry",
    "protected": "namespace A\nprotected theorem T : True := by sorry\nend A",
    "noncomputable": "noncomputable section\ntheorem T : True := by sorry\nend",
    "variable": "section\nvariable {α : Type} (p : α → Prop)\ntheorem T (a : α) : p a → p a := by sorry\nend",
    "notation": 'notation "𝔹" => Bool\ninfix:65 " +++ " => Nat.add\ntheorem T (_ : 𝔹) : 1 +++ 1 = 2 := sorry',
    "macro": 'macro "MyTrue" : term => `(True)\ntheorem T : MyTrue := by sorry',
    "example": "example : True := by sorry",
    "universe": "universe u\ntheorem T (α : Type u) (a : α) : a = a := by sorry",
    "unicode": "theorem T₁' (ε δ : Nat) (h : ε ≤ δ) : ε < δ + 1 := by sorry",
    "quoted": "theorem «a name, with := sorry» : True := by sorry",
    "quoted dot": "theorem A.«b.c» : True := by sorry",
    "instance argument": "theorem T {α : Type} [DecidableEq α] (a : α) : a = a := by sorry",
    "indented": "  theorem T : True := by sorry",
    "no line end": "theorem T : True := by sorry",
    "line end": "theorem T : True := by sorry\n\n\n",
    "after a comment": "-- theorem x : True := sorry\ntheorem T : True := by sorry",
    "after a nested comment": "/- a /- theorem x : True := sorry -/ b -/ theorem T : True := by sorry",
    "after a module docstring": "/-! theorem x : True := sorry -/\ntheorem T : True := by sorry",
    "after a string": 'def s : String := "theorem x : True := sorry"\ntheorem T : s = s := by sorry',
    "after an import": "import Init\n\ntheorem T : True := by sorry",
    "before an exit": "theorem T : True := by sorry\n#exit\nthis is not read",
    "carriage returns": "theorem T : True :=\r\n  by\r\n  sorry\r\n",
    "implicit lambda": "theorem T : ∀ n : Nat, n = n := by sorry",
    "default argument": "theorem T (n : Nat := 3) : n = n := by sorry",
}  # fmt: skip
NAMES = {
    "docstring and attribute": "X.T", "namespace": "A.B.T", "dotted": "A.B.T", "protected": "A.T",
    "example": "example_1",
    "unicode": "T₁'", "quoted": "«a name, with := sorry»", "quoted dot": "A.«b.c»",
}  # fmt: skip
PROOF = "first\n  | trivial\n  | simp\n  | (intros; simp_all [Nat.add])\n  | (intros; omega)"


def only(reading: Reading) -> Target:
    assert len(reading.targets) == 1, [t.name for t in reading.targets]
    assert reading.targets[0].problem is None and reading.clean and reading.notes == ()
    return reading.targets[0]


class TestFinding:
    @pytest.mark.parametrize("form", FORMS)
    def test_an_open_theorem_is_found_in_every_form_and_written_back(
        self, lean_worker: LeanWorker, form: str
    ) -> None:
        reading = lean_worker.read(FORMS[form])
        target = only(reading)
        assert target.name == NAMES.get(form, "T")
        assert target.line == reading.file.text[: reading.file.text.index(target.statement)].count("\n") + 1

        written = targets.write_proofs(reading.file, {target.proof_span[0]: PROOF}, reading.targets)
        again = lean_worker.read(written)
        assert again.clean and not again.targets, (written, again)
        start, end = (len(reading.file.text.encode()[:at].decode()) for at in target.proof_span)
        assert written.startswith(reading.file.text[:start] + ":= by\n")
        assert written.endswith(reading.file.text[end:])

    @pytest.mark.parametrize(
        "form", ["by sorry", "open in", "namespace", "variable", "notation", "quoted", "example", "root"]
    )
    def test_what_is_found_can_be_opened_and_proved(self, lean_worker: LeanWorker, form: str) -> None:
        target = only(lean_worker.read(FORMS[form]))
        with Dojo(target, lean_worker) as (dojo, state):
            dojo.run_tac(state, PROOF)
            assert dojo.is_successful

    def test_theorems_of_a_file_stand_in_order_with_their_lines(self, lean_worker: LeanWorker) -> None:
        text = "theorem a : True := sorry\n\nnamespace N\ntheorem b : True := sorry\nend N\n"
        text += "example : True := sorry"
        reading = lean_worker.read(text)
        assert [(t.name, t.line) for t in reading.targets] == [("a", 1), ("N.b", 4), ("example_6", 6)]

    def test_two_on_one_line_are_two(self, lean_worker: LeanWorker) -> None:
        text = "theorem a : 1 = 1 := by sorry /- and -/ theorem b : 2 = 2 := by sorry"
        reading = lean_worker.read(text)
        assert [t.name for t in reading.targets] == ["a", "b"]
        both = targets.write_proofs(reading.file, {t.proof_span[0]: "rfl" for t in reading.targets}, reading.targets)
        assert lean_worker.read(both).clean

    def test_equal_names_are_told_apart(self, lean_worker: LeanWorker) -> None:
        reading = lean_worker.read("theorem a : True := sorry\ntheorem a : 1 = 1 := sorry")
        assert [t.name for t in reading.targets] == ["a", "a#2"]
        assert reading.targets[0].problem is None
        assert "already been declared" in (reading.targets[1].problem or "")

    @pytest.mark.parametrize(
        "text",
        [
            "", "\n", "   ", "-- theorem a : True := sorry", "/- theorem a : True := sorry -/",
            "/-! sorry -/", "import Init",
            "theorem a : True := trivial", "def s := \"theorem a : True := sorry\"", "#check True",
            "variable (n : Nat)",
            "namespace A", "section\nopen Nat\nend", "theorem a : True := by trivial -- sorry",
            "#exit\ntheorem a : True := sorry",
        ],
    )  # fmt: skip
    def test_where_nothing_is_open_nothing_is_found(self, lean_worker: LeanWorker, text: str) -> None:
        reading = lean_worker.read(text)
        assert reading.targets == () and reading.notes == () and reading.clean

    @pytest.mark.parametrize(
        "text",
        [
            "theorem a : True ∧ True := ⟨sorry, trivial⟩",
            "theorem a : True := by\n  have : 1 = 1 := sorry\n  trivial",
            "def a : Nat := sorry", "theorem a : True := by exact sorry",
            "instance a : Inhabited Nat := ⟨sorry⟩",
            "theorem a : ∀ n : Nat, n = n\n  | n => by sorry", "theorem a : True := by admit",
            "mutual\ntheorem a : True := by sorry\ntheorem b : True := by sorry\nend",
        ],
    )  # fmt: skip
    def test_a_sorry_that_is_no_whole_proof_is_told(self, lean_worker: LeanWorker, text: str) -> None:
        reading = lean_worker.read(text)
        assert reading.targets == ()
        assert len(reading.notes) == 1 and "sorry inside; only whole proofs" in reading.notes[0]


class TestContext:
    CONTEXT = """\
namespace Zoo
variable (n : Nat)
def twice (k : Nat) : Nat := k + k
local notation "⟪" k "⟫" => twice k
theorem earlier : ⟪n⟫ = n + n := by sorry
section
open Nat
theorem later (h : 0 < n) : succ n ≤ ⟪n⟫ := by sorry
end
end Zoo
"""

    def test_a_theorem_sees_what_stands_before_it(self, lean_worker: LeanWorker) -> None:
        reading = lean_worker.read(self.CONTEXT)
        earlier, later = reading.targets
        assert (earlier.problem, later.problem) == (None, None)
        with Dojo(later, lean_worker) as (dojo, state):
            assert state.pp == "n : Nat\nh : 0 < n\n⊢ n.succ ≤ ⟪n⟫"
            assert dojo.run_tac(state, "rw [earlier]").pp == "n : Nat\nh : 0 < n\n⊢ n.succ ≤ n + n"

    def test_a_theorem_does_not_see_what_comes_after(self, lean_worker: LeanWorker) -> None:
        reading = lean_worker.read(self.CONTEXT)
        with Dojo(reading.targets[0], lean_worker) as (dojo, state):
            for name in ("later", "Zoo.later"):
                assert "nknown" in dojo.run_tac(state, f"exact {name} n").error

    @pytest.mark.parametrize(
        "proofs", [("rfl", "simp [twice]; omega"), ("unfold twice\nrfl", "rw [earlier]\nomega")]
    )
    def test_proofs_are_indented_below_their_theorem(
        self, lean_worker: LeanWorker, proofs: tuple[str, str]
    ) -> None:
        text = self.CONTEXT.replace("theorem later", "  theorem later")
        reading = lean_worker.read(text)
        written = targets.write_proofs(
            reading.file, {t.proof_span[0]: p for t, p in zip(reading.targets, proofs, strict=True)}, reading.targets
        )
        assert lean_worker.read(written).clean, written
        assert f":= by\n  {proofs[0].splitlines()[-1]}\n" in written or "  unfold twice\n  rfl\n" in written
        assert all(f"\n    {line}\n" in written for line in proofs[1].splitlines())
        assert written.count("sorry") == 0

    def test_what_is_not_proved_keeps_its_sorry_and_every_other_byte(self, lean_worker: LeanWorker) -> None:
        reading = lean_worker.read(self.CONTEXT)
        assert targets.write_proofs(reading.file, {}, reading.targets) == self.CONTEXT
        written = targets.write_proofs(reading.file, {reading.targets[1].proof_span[0]: "omega"}, reading.targets)
        assert written == self.CONTEXT.replace("⟪n⟫ := by sorry\nend\n", "⟪n⟫ := by\n  omega\nend\n")

    @pytest.mark.parametrize(
        ("before", "said"),
        [
            ("def a : Nat := \"x\"", "1: Type mismatch"), ("def a : Nat :=", "1: unexpected token"),
            ("nonsense", "1: unexpected"),
            ("theorem a : 1 = 2 := rfl", "1: Type mismatch"), ("open Nowhere", "1: unknown namespace"),
            ("axiom a : Tru.e", "1: Unknown id"),
            ("theorem a : Tru.e := by sorry", "1: Unknown identifier"), ("end",
            "1: invalid 'end', insufficient scopes"),
            ("section\nend\nend", "3: invalid 'end'"), ("section A\nend B", "2: "),
        ],
    )  # fmt: skip
    def test_an_error_before_a_theorem_is_that_theorems_failure(
        self, lean_worker: LeanWorker, before: str, said: str
    ) -> None:
        reading = lean_worker.read(f"{before}\ntheorem t : True := by sorry", Path("F.lean"))
        assert not reading.clean
        problem = reading.targets[-1].problem or ""
        assert reading.targets[-1].name == "t"
        assert problem.startswith("the context before it has an error (F.lean:") and said in problem, problem
        assert "\n" not in problem

    def test_a_theorem_before_the_error_is_not_touched_by_it(self, lean_worker: LeanWorker) -> None:
        reading = lean_worker.read("theorem ok : True := by sorry\nnonsense\ntheorem t : True := sorry"
        )
        assert [t.problem is None for t in reading.targets] == [True, False]

    @pytest.mark.parametrize(
        "statement", ["theorem t : Tru := by sorry", "theorem t : 1 + := by sorry",
        "theorem t (x : ℝ) : x = x := by sorry", "theorem t : x = x := by sorry",
        "theorem t : 5 := by sorry"],
    )  # fmt: skip
    def test_a_statement_that_does_not_elaborate_is_told(
        self, lean_worker: LeanWorker, statement: str
    ) -> None:
        """A name that is not there is not made a variable, as it would be by Lean's own default."""
        reading = lean_worker.read(f"{targets.STRICT}{statement}")
        assert not reading.clean
        problems = [t.problem or "" for t in reading.targets] + list(reading.notes)
        assert any("does not elaborate" in p or "unexpected token" in p for p in problems), problems


class TestImports:
    def test_an_import_that_is_not_there_is_named(self, lean_worker: LeanWorker) -> None:
        with pytest.raises(DataError) as refused:
            lean_worker.read("import Init\nimport Mathlib.Tactic\ntheorem t : True := sorry", Path("a/F.lean")
            )
        said = str(refused.value)
        assert said.startswith("a/F.lean: it imports Mathlib") and "a native toolchain" in said
        assert "\n" not in said

    def test_the_librarys_modules_are_there(self, lean_worker: LeanWorker) -> None:
        only(
            lean_worker.read("import Std.Data.HashMap\ntheorem t (m : Std.HashMap Nat Nat) : m = m := by sorry",
            )
        )

    @pytest.mark.parametrize(
        "header", ["import", "import 5", "import ../x", "import Init.", "\timport Init", "public import Init"]
    )
    def test_a_header_that_does_not_parse_has_its_line(self, lean_worker: LeanWorker, header: str) -> None:
        with pytest.raises(DataError, match=r"^F\.lean"):
            lean_worker.read(f"{header}\ntheorem t : True := sorry", Path("F.lean"))


class TestFiles:
    def test_a_file_is_read_as_utf8_with_plain_line_ends(self, tmp_path: Path) -> None:
        path = tmp_path / "F.lean"
        path.write_bytes("theorem t :\r\n  ∀ ε, ε = ε := sorry".encode())
        assert targets.load(path) == "theorem t :\n  ∀ ε, ε = ε := sorry"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"theorem \xff", "not UTF-8 text (byte 8)"), ("ü".encode("latin-1"), "not UTF-8"),
            ("a".encode("utf-16"), "not UTF-8"),
            (b"theorem\0", "NUL byte (at 7)"), (b"\xed\xa0\x80", "not UTF-8"), ("\ufefftheorem".encode(),
            "byte order mark"),
        ],
    )  # fmt: skip
    def test_bytes_that_are_no_text_are_told(self, tmp_path: Path, content: bytes, said: str) -> None:
        path = tmp_path / "F.lean"
        path.write_bytes(content)
        with pytest.raises(DataError) as refused:
            targets.load(path)
        assert str(path) in str(refused.value) and said in str(refused.value)

    def test_what_is_no_file_is_told(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.lean")
        (tmp_path / "loop.lean").symlink_to("loop.lean")
        for path in (
            tmp_path,
            tmp_path / "missing.lean",
            tmp_path / "pipe.lean",
            tmp_path / "loop.lean",
            Path("/dev/zero"),
        ):
            with pytest.raises(DataError) as refused:
                targets.load(path)
            assert str(path) in str(refused.value)

    @pytest.mark.parametrize(
        "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
    )
    def test_a_file_that_cannot_be_read_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
    ) -> None:
        path = tmp_path / "F.lean"
        path.write_text("theorem t : True := sorry")

        def refuse(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(DataError, match=f"cannot read {path}: {error.strerror}"):
            targets.load(path)

    def test_a_file_that_is_too_big_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "F.lean"
        path.write_text("-- " + "x" * 1000)
        monkeypatch.setattr(targets, "MAX_FILE_BYTES", 1000)
        with pytest.raises(DataError, match="more than 1000 bytes"):
            targets.load(path)

    @pytest.mark.parametrize(
        "text",
        [
            'theorem t : "\ud800" = "" := sorry',
            "theorem t : True\0 := sorry",
            "\ufefftheorem t : True := sorry",
        ],
    )
    def test_a_statement_that_is_no_text_is_told(self, lean_worker: LeanWorker, text: str) -> None:
        with pytest.raises(DataError, match=r"^the statement"):
            lean_worker.read(text)

    def test_positions_are_bytes_whatever_the_characters(self) -> None:
        lean_file = LeanFile("-- ℕ𝔹\nab", ("Init",), 0)
        assert lean_file.span(3, 6) == "ℕ" and lean_file.span(6, 10) == "𝔹"
        assert [lean_file.line(at) for at in (0, 10, 11, 13)] == [1, 1, 2, 2]


PIECES = [
    "theorem ", "lemma ", "example ", "def ", "t", "«", "»", " : ", " := ", "by ", "sorry", "\n", "  ",
    "True", "∀ n, ", "(", ")", "{", "}",
    "import ", "Init", "/- ", " -/", "-- ", '"', "\\", "namespace A\n", "end A\n", "end\n", "section\n",
    "variable (n : Nat)\n", "open Nat in\n",
    "@[simp] ", "|", "=>", "#exit\n", "mutual\n", "where", "⟨", "⟩", "\t", "\r", "𝔹", "0x", "'", "notation ",
    "deriving ", "instance ", "\x7f",
    "set_option ", "universe u\n", "attribute [", "]", "$", "`", "macro ", "infixl:65 ", "abbrev ",
    "structure S ", "inductive I ", "axiom a : ",
]  # fmt: skip


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=24).map("".join))
def test_any_text_is_read_or_refused_in_our_words(lean_worker: LeanWorker, text: str) -> None:
    try:
        reading = lean_worker.read(text)
    except ProverError as error:
        assert str(error)
        return
    for target in reading.targets:
        assert target.start <= target.proof_span[0] < target.proof_span[1] <= target.end
        assert "sorry" in reading.file.span(*target.proof_span)
    assert targets.write_proofs(reading.file, {}, reading.targets) == reading.file.text
    targets.write_proofs(reading.file, {t.proof_span[0]: "rfl" for t in reading.targets}, reading.targets)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_our_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.lean"
    path.write_bytes(content)
    try:
        assert targets.load(path) == content.decode().replace("\r\n", "\n")
    except DataError as error:
        assert str(path) in str(error)
