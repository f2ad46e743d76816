"""What a run reads: files under any name, nothing twice, nothing that it wrote itself, nothing that is not a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prover.errors import DataError
from prover.prove.run import collect, from_statement, read_items
from tests.prover.stub_lean import TEXT, StubWorker

ODD = ("line\nbreak.lean", "ünïcödé ⊢.lean", "\u202eright.lean", "$(touch x);`y`.lean", "-rf.lean", "<b>&.lean", "a'\"b.lean")


@pytest.mark.parametrize("name", ODD)
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TEXT)
    assert [(i.name, i.text) for i in collect([tmp_path])] == [(name, TEXT)]


def test_a_name_that_is_not_text_is_made_readable(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.lean")).write_text(TEXT)
    (found,) = collect([tmp_path])
    assert found.name == "bad\\udcff.lean"


def test_a_link_is_read_as_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text(TEXT)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.lean").symlink_to(tmp_path / "real.txt")
    (tmp_path / "in" / "dangling.lean").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    assert [i.name for i in collect([tmp_path / "in"])] == ["link.lean"]


def test_no_input_name_leads_out_of_the_output_folder(tmp_path: Path) -> None:
    (tmp_path / "a.lean").write_text(TEXT)
    (tmp_path / "sub").mkdir()
    for path in (tmp_path / "sub" / ".." / "a.lean", tmp_path / "sub" / ".."):
        assert all(".." not in Path(i.name).parts and not Path(i.name).is_absolute() for i in collect([path]))


def test_what_a_run_wrote_is_no_input_of_the_next(tmp_path: Path) -> None:
    (tmp_path / "a.lean").write_text(TEXT)
    (tmp_path / "runs" / "x" / "proofs").mkdir(parents=True)
    (tmp_path / "runs" / "x" / "proofs" / "a.lean").write_text(TEXT)
    (tmp_path / "runs" / "x" / "journal.sqlite").touch()
    assert [i.name for i in collect([tmp_path])] == ["a.lean"]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.lean")
    with pytest.raises(DataError, match="is not a file"):
        collect([tmp_path / "pipe.lean"])


def test_two_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.lean").write_text(TEXT)
    assert [i.name for i in collect([tmp_path / "x" / "a.lean", tmp_path / "y" / "a.lean"])] == ["a.lean", "a_2.lean"]


@pytest.mark.parametrize("statement", ["theorem t : \udcff = 1", "theorem t : \0 = 1"])
def test_a_statement_that_is_not_text_is_refused(statement: str) -> None:
    with pytest.raises(DataError, match="not UTF-8"):
        from_statement(statement)


def test_a_file_that_lean_cannot_read_does_not_stop_the_others(tmp_path: Path) -> None:
    for name in ("a.lean", "b.lean", "c.lean"):
        (tmp_path / name).write_text(TEXT if name != "b.lean" else "deadly\n" + TEXT)
    worker = StubWorker(lambda op, fields: op == "header" and "deadly" in fields["text"])
    items, readings, notes = read_items(worker, collect([tmp_path]))
    assert {i.file for i in items} == {"a.lean", "c.lean"}
    assert len(readings) == 3
    assert len(notes) == 1 and "left out" in notes[0] and "Lean was lost 2 times" in notes[0]
    assert worker.processes_lost == 2


def test_the_only_file_that_lean_cannot_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "b.lean").write_text(TEXT)
    with pytest.raises(DataError, match="Lean was lost 2 times"):
        read_items(StubWorker(lambda op, fields: op == "header"), collect([tmp_path]))
