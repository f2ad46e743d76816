"""The worker on the real Lean: requests good and bad, what Lean may touch, what is remembered and let go."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from prover.errors import LeanCrashedError, LeanProcessError
from prover.lean import answers
from prover.lean.embedded import package
from prover.lean.embedded.process import RequestRefused
from prover.lean.embedded.worker import KEPT_CONTEXTS, LeanWorker

INIT = ("Init",)
Run = Callable[..., list[answers.Message]]


def held(worker: LeanWorker) -> tuple[int, int]:
    memory = worker.request("memory")
    return memory["states"], memory["proofs"]


@pytest.fixture
def run(lean_worker: LeanWorker) -> Run:
    """Elaborates a text, lets go of the state, gives the messages."""

    def runner(text: str, modules: tuple[str, ...] = INIT) -> list[answers.Message]:
        raw = lean_worker.request("elaborate", state=lean_worker.base_state(modules), text=text)
        lean_worker.request("release", states=[raw["state"]])
        return [m for c in raw["commands"] for m in c.messages]

    return runner


def evaluated(run: Run, action: str, modules: tuple[str, ...] = INIT) -> str:
    """What an IO action, run while Lean elaborates, gives or fails with."""
    (message,) = run(f"#eval ({action} : IO _)", modules)
    return f"{message.severity}: {message.text}"


class TestBadRequests:
    @pytest.mark.parametrize(
        ("op", "fields"),
        [
            ("no_such_operation", {}), ("", {}), ("constructor", {}), ("__proto__", {}), ("toString", {}),
            ("elaborate", {}), ("tactics", {}), ("enter", {}), ("header", {}), ("import", {}), ("import",
            {"modules": "Init"}),
            ("import", {"modules": None}), ("import", {"modules": 5}), ("release", {"states": 5}), ("release",
            {"states": [1]}),
            ("elaborate", {"state": 987654321, "text": ""}), ("elaborate", {"state": "x", "text": ""}),
            ("elaborate", {"state": None, "text": ""}), ("elaborate", {"state": [], "text": ""}),
            ("elaborate", {"state": {}, "text": ""}), ("tactics", {"sid": 1, "tactics": ["skip"]}),
            ("compare", {}), ("constants", {}), ("library", {}), ("hello", {"more": 1}), ("settle", {"state": 1}),
            ("header", {"text": 5}), ("import", {"modules": ["Init", 5]}), ("release", {"states": [1.5]}),
        ],
    )  # fmt: skip
    def test_a_malformed_request_is_refused_and_the_process_goes_on(
        self, lean_worker: LeanWorker, op: str, fields: dict[str, Any]
    ) -> None:
        pid = lean_worker.process.pid
        with pytest.raises((RequestRefused, LeanCrashedError)) as refused:
            lean_worker.request(op, **fields)
        assert str(refused.value)
        assert lean_worker.process.pid == pid, "it was replaced"
        assert "lean" in lean_worker.request("hello")

    @pytest.mark.parametrize(
        ("op", "fields", "wrong"),
        [
            ("elaborate", {"text": "", "guarded": 1}, "guarded of elaborate is 1, not true or false"),
            ("elaborate", {"text": "", "from": 1}, "from of elaborate is 1, not a byte offset into the text"),
            ("elaborate", {"text": "", "until": "0"}, "until"), ("elaborate", {"text": "", "quietly": True}, "takes no"),
            ("compare", {"names": ["a"], "negated": {"a": 1}}, "negated"), ("compare", {"names": [["a"]]}, "names"),
            ("constants", {"base": 1e99}, "base"), ("replay", {"names": {}}, "names"), ("falsify", {"sid": -0.5}, "sid"),
            ("corpus", {"names": [0]}, "names"), ("brute_elaborated", {"pairs": [["a"]]}, "pairs"),
        ],
    )  # fmt: skip
    def test_the_field_that_is_wrong_is_named(
        self, lean_worker: LeanWorker, op: str, fields: dict[str, Any], wrong: str
    ) -> None:
        ids = {"compare": ("a", "b", "base_a", "base_b"), "constants": ("state",), "replay": ("state", "base"), "falsify": ()}
        given = dict.fromkeys(ids.get(op, ("state",)), lean_worker.base_state(INIT))
        with pytest.raises(RequestRefused, match=wrong) as refused:
            lean_worker.request(op, **(given | fields))
        assert refused.value.kind == "bad_request"

    def test_a_release_of_what_is_not_there_releases_nothing(self, lean_worker: LeanWorker) -> None:
        made = lean_worker.request("elaborate", state=lean_worker.base_state(INIT), text="")["state"]
        before = held(lean_worker)
        with pytest.raises(LeanCrashedError, match="was never made here"):
            lean_worker.request("release", states=[made, 987654321])
        assert held(lean_worker) == before
        lean_worker.request("release", states=[made])

    @pytest.mark.parametrize("text", [5, None, True, [], {}, ["theorem"]])
    @pytest.mark.parametrize("op", ["elaborate", "enter", "header"])
    def test_a_text_that_is_none_is_refused_or_read_as_one(
        self, lean_worker: LeanWorker, op: str, text: object
    ) -> None:
        pid, state = lean_worker.process.pid, lean_worker.base_state(INIT)
        with contextlib.suppress(RequestRefused):
            raw = lean_worker.request(op, state=state, text=text)
            if op == "elaborate":
                lean_worker.request("release", states=[raw["state"]])
        assert lean_worker.process.pid == pid

    @pytest.mark.parametrize("start", [-1, 10**6, 2**31, 2**40, 1.5, "2", None, True, [], 1])
    def test_a_start_outside_the_text_ends_nothing(self, lean_worker: LeanWorker, start: object) -> None:
        pid, state = lean_worker.process.pid, lean_worker.base_state(INIT)
        text = "ℕℕ example : True := trivial"
        with contextlib.suppress(RequestRefused):
            raw = lean_worker.request("elaborate", 10, state=state, text=text, **{"from": start})
            lean_worker.request("release", states=[raw["state"]])
        assert lean_worker.process.pid == pid

    @pytest.mark.parametrize(
        "tactics", [[5], [None], [{}], [["skip"]], "skip", 5, None, {"0": "skip"}, [""], [True], []], ids=repr
    )
    def test_tactics_that_are_none_are_refused_or_fail(
        self, lean_worker: LeanWorker, tactics: object
    ) -> None:
        pid, state = lean_worker.process.pid, lean_worker.base_state(INIT)
        (proof,) = lean_worker.request("enter", state=state, text="example : True := by sorry")["proofs"]
        with contextlib.suppress(RequestRefused):
            replies = lean_worker.request(
                "tactics", 20, sid=proof.sid, tactics=tactics, heartbeats=10**6, timeout_ms=1000
            )["results"]
            assert not any(reply.done for reply in replies)
        assert lean_worker.process.pid == pid
        lean_worker.request("release", proofs=[proof.sid])

    @pytest.mark.parametrize("limit", [None, "x", -5, 0, 1e300, [], {}, True])
    def test_limits_that_are_none_still_end(self, lean_worker: LeanWorker, limit: object) -> None:
        pid, state = lean_worker.process.pid, lean_worker.base_state(INIT)
        (proof,) = lean_worker.request("enter", state=state, text="example : True := by sorry")["proofs"]
        for limits in ({"heartbeats": limit, "timeout_ms": 1000}, {"heartbeats": 10**6, "timeout_ms": limit}):
            with contextlib.suppress(RequestRefused):
                lean_worker.request("tactics", 20, sid=proof.sid, tactics=["trivial"], **limits)
        assert lean_worker.process.pid == pid
        lean_worker.request("release", proofs=[proof.sid])

    @pytest.mark.parametrize(
        "module", ["", "Mathlib", "/etc/passwd", "../../../etc/passwd", "Init.", ".Init", "Init..Data",
        "a" * 100_000, "«»", "ℕ", "Init Std", "0"],
        ids=lambda m: repr(m[:20]),
    )  # fmt: skip
    def test_a_module_that_is_not_there_is_refused(self, lean_worker: LeanWorker, module: str) -> None:
        pid = lean_worker.process.pid
        with pytest.raises(RequestRefused) as refused:
            lean_worker.request("import", modules=[module])
        assert refused.value.kind == "import"
        assert lean_worker.process.pid == pid

    def test_a_huge_text_is_only_huge(self, lean_worker: LeanWorker) -> None:
        state = lean_worker.base_state(INIT)
        text = "-- " + "ü" * 1_000_000 + "\nexample : True := trivial\n" + " " * 1_000_000
        raw = lean_worker.request("elaborate", 60, state=state, text=text)
        lean_worker.request("release", states=[raw["state"]])
        assert [c.messages for c in raw["commands"]] == [()]
        assert raw["commands"][0].start == len("-- ") + 2 * 1_000_000 + 1, "positions are bytes"

    def test_many_commands_are_only_many(self, lean_worker: LeanWorker) -> None:
        text = "".join(f"theorem many{i} : True := trivial\n" for i in range(100))
        raw = lean_worker.request("elaborate", 60, state=lean_worker.base_state(INIT), text=text)
        lean_worker.request("release", states=[raw["state"]])
        assert len(raw["commands"]) == 100 and all(c.messages == () for c in raw["commands"])


class TestWhatLeanMayTouch:
    """`#eval` runs programs while Lean reads a file. The search never asks for it, a user's file may."""

    def test_programs_do_run_here(self, run: Run) -> None:
        """Else the tests below would show nothing."""
        assert evaluated(run, "pure (20 + 22)") == "info: 42"
        entries = evaluated(run, 'do return (← System.FilePath.readDir "/lean/lib/lean").size')
        assert int(entries.removeprefix("info: ")) >= 8, "the library is seen"

    @pytest.mark.parametrize(
        "path",
        [
            "/etc/passwd", "/etc/hostname", "/proc/self/environ", "/lean/lib/lean/../../../etc/passwd",
            "../../../etc/passwd",
            "/lean/lib/lean/../../../../../../../../etc/passwd", "/root/.bashrc",
            "/lean/lib/lean/../../package.json", __file__,
        ],
    )  # fmt: skip
    def test_no_file_of_the_user_can_be_read(self, run: Run, path: str) -> None:
        assert evaluated(run, f'IO.FS.readFile "{path}"').startswith("error: no such file or directory")

    def test_the_file_system_holds_the_library_and_nothing_else(self, run: Run) -> None:
        def entries(folder: str) -> set[str]:
            names: set[str] = set()
            while True:  # one at a time: this Lean has no code for loops over strings
                entry = f'(← System.FilePath.readDir "{folder}")[{len(names)}]?'
                found = evaluated(
                    run, f'do match {entry} with | some e => return e.fileName | none => return ""'
                )
                if found == 'info: ""':
                    return names
                names.add(found.removeprefix("info: "))

        # The first are Emscripten's and in memory, and so is what the build's profiler writes.
        assert entries("/") <= {'"tmp"', '"home"', '"dev"', '"proc"', '"default.profraw"', '"lean"'}
        assert entries("/lean") == {'"lib"'} and entries("/lean/lib") == {'"lean"'}
        assert entries("/home") == {'"web_user"'} and entries("/home/web_user") == set()

    @pytest.mark.parametrize(
        "action",
        [
            'IO.FS.writeFile "/lean/lib/lean/new" "x"', 'IO.FS.writeFile "/lean/lib/lean/Init.olean" "x"',
            'IO.FS.removeFile "/lean/lib/lean/Init/Prelude.olean"', 'IO.FS.createDir "/lean/lib/lean/new"',
            'IO.FS.rename "/lean/lib/lean/Init.olean" "/lean/lib/lean/moved.olean"',
            'do let h ← IO.FS.Handle.mk "/lean/lib/lean/Init.olean" .append; h.putStr "zz"; h.flush',
            'do let h ← IO.FS.Handle.mk "/lean/lib/lean/Init.olean" .readWrite; h.truncate',
            'do let h ← IO.FS.Handle.mk "/lean/lib/lean/Init.olean" .write; h.flush',
            'IO.FS.removeDirAll "/lean/lib/lean/Lake"',
        ],
    )  # fmt: skip
    def test_the_library_cannot_be_changed(self, run: Run, action: str) -> None:
        library = package.ensure().lib_dir
        before = {
            name: (library / name).stat().st_size
            for name in ("Init.olean", "Lake.olean", "Init/Prelude.olean")
        }
        assert evaluated(run, action).startswith("error: ")
        assert {name: (library / name).stat().st_size for name in before} == before
        assert not (library / "new").exists() and not (library / "moved.olean").exists()

    def test_what_lean_writes_elsewhere_stays_in_its_memory(self, run: Run, tmp_path: Path) -> None:
        name = f"/tmp/{tmp_path.parent.name}-{tmp_path.name}"
        run(f'#eval (IO.FS.writeFile "{name}" "x" : IO Unit)')
        assert not Path(name).exists()
        assert evaluated(run, f'IO.FS.readFile "{name}"') == 'info: "x"'
        assert evaluated(run, f'IO.FS.writeFile "{tmp_path}/x" "x"').startswith("error: ")

    @pytest.mark.parametrize("program", ["id", "/bin/sh", "node", "curl"])
    def test_no_program_is_started(self, run: Run, program: str) -> None:
        action = f'do return (← IO.Process.output {{cmd := "{program}"}}).stdout'
        assert "not implemented" in evaluated(run, action)

    def test_the_process_has_no_socket(self, lean_worker: LeanWorker) -> None:
        assert psutil.Process(lean_worker.process.pid).net_connections("all") == []

    @pytest.mark.parametrize("name", ["PATH", "HOME", "PROOFSMITH_CACHE", "USER", "SECRET"])
    def test_no_variable_of_the_user_is_seen(self, run: Run, name: str) -> None:
        assert "/root" not in (said := evaluated(run, f'do return toString (← IO.getEnv "{name}")')), said

    def test_reading_input_does_not_take_the_protocols(self, run: Run) -> None:
        assert evaluated(run, "do return (← (← IO.getStdin).getLine)") == 'info: ""'
        assert evaluated(run, 'IO.FS.readFile "/dev/stdin"') in (
            'info: ""',
            "error: hardware fault (error code: 29)",
        )

    def test_printing_does_not_reach_the_protocol(self, run: Run) -> None:
        line = '{\\"id\\": 3, \\"ok\\": {}}\\n'
        assert run(f'#eval (do IO.println "{line}"; IO.eprintln "{line}" : IO Unit)')
        run(f'#eval IO.FS.writeFile "/dev/stdout" "{line}"')
        run(f'#eval (do dbg_trace "{line}"; dbgTrace "{line}" (fun _ => pure ()) : IO Unit)')
        assert evaluated(run, "pure 1") == "info: 1"

    @pytest.mark.parametrize("text", ['include_str "/etc/passwd"', 'include_str "../../../etc/passwd"'])
    def test_no_file_is_included(self, run: Run, text: str) -> None:
        said = run(f"def stolen : String := {text}")
        assert any(m.severity == "error" for m in said)
        assert not any("root:" in m.text for m in said)


class TestMemory:
    def test_the_state_after_the_imports_is_made_once(self, lean_worker: LeanWorker) -> None:
        first = lean_worker.base_state(INIT)
        before = held(lean_worker)
        assert lean_worker.base_state(INIT) == first
        assert held(lean_worker) == before

    def test_a_file_read_before_is_not_read_again(self, lean_worker: LeanWorker) -> None:
        text = "theorem once : True := trivial\n"
        first = lean_worker.elaborate_file(INIT, text, 0)
        before = held(lean_worker)
        assert lean_worker.elaborate_file(INIT, text, 0) == first
        assert held(lean_worker) == before

    def test_of_many_files_only_the_last_few_are_held(self, lean_worker: LeanWorker) -> None:
        def read(number: int) -> None:
            lean_worker.elaborate_file(INIT, f"theorem nr{number} : True := trivial\n-- {number}", 0)

        for number in range(KEPT_CONTEXTS):
            read(number)
        full = held(lean_worker)
        for number in range(KEPT_CONTEXTS, 3 * KEPT_CONTEXTS):
            read(number)
        assert held(lean_worker) == full

    def test_a_released_state_is_gone(self, lean_worker: LeanWorker) -> None:
        state = lean_worker.request("elaborate", state=lean_worker.base_state(INIT), text="")["state"]
        before = held(lean_worker)
        lean_worker.request("release", states=[state])
        assert held(lean_worker)[0] == before[0] - 1
        with pytest.raises(LeanProcessError):
            lean_worker.request("release", states=[state])

    def test_states_branch(self, lean_worker: LeanWorker) -> None:
        """A state serves any number of continuations; none sees another's."""
        base = lean_worker.base_state(INIT)
        one, two = (
            lean_worker.request("elaborate", state=base, text=f"def here : Nat := {n}")["state"]
            for n in (1, 2)
        )
        try:
            for state, value in ((one, 1), (two, 2), (one, 1)):
                raw = lean_worker.request("elaborate", state=state, text=f"example : here = {value} := rfl")
                lean_worker.request("release", states=[raw["state"]])
                assert raw["commands"][0].messages == ()
        finally:
            lean_worker.request("release", states=[one, two])


def test_a_program_that_ends_lean_takes_its_request_along_and_nothing_else(lean_worker: LeanWorker) -> None:
    """Last in this file: the process is replaced."""
    state = lean_worker.base_state(INIT)
    with pytest.raises(LeanCrashedError, match="Lean crashed during 'elaborate'"):
        lean_worker.request("elaborate", state=state, text="#eval (IO.Process.exit 0 : IO Unit)")
    assert not lean_worker.alive
