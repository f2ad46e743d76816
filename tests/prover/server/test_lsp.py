"""The language server as editors see it: a real process on pipes, driven by pygls' own client."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

T = TypeVar("T")
TEXT = """theorem 𝔸 (a b : Nat) : a + b = b + a := by sorry

theorem both (p q : Prop) (h : p ∧ q) : q ∧ p := by
  constructor
  · exact h.2
  · sorry

theorem open_end (a b : Nat) : a * b = b * a := by

theorem never (p : Prop) : p := by
  sorry
"""
WIDE = "theorem w (s : String) (h : s = \"𝔸𝔹\") : \"𝔸𝔹\" = s := by sorry\n"
BOTH = "theorem b (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  constructor\n  · sorry\n  · sorry\n"


class Editor:
    """A client with a folder; its event loop runs in a thread, so that tests read top to bottom."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.client = LanguageClient("editor", "1")
        self.diagnostics: dict[str, list[types.PublishDiagnosticsParams]] = {}
        self.edits: list[types.WorkspaceEdit] = []
        self.messages: list[str] = []
        self.progress: list[Any] = []
        self.on_progress: Callable[[str | int, Any], None] = lambda *_: None
        self.answer: Callable[[types.ShowMessageRequestParams], types.MessageActionItem | None] = lambda _: None
        self._said = threading.Condition()
        feature = self.client.feature

        @feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def diagnostics(params: types.PublishDiagnosticsParams) -> None:
            with self._said:
                self.diagnostics.setdefault(params.uri, []).append(params)
                self._said.notify_all()

        @feature(types.WORKSPACE_APPLY_EDIT)
        def edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.edits.append(params.edit)
            return types.ApplyWorkspaceEditResult(True)

        @feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def create(params: types.WorkDoneProgressCreateParams) -> None:
            return None

        @feature(types.PROGRESS)
        def progress(params: types.ProgressParams) -> None:
            self.progress.append(params.value)
            self.on_progress(params.token, params.value)

        @feature(types.WINDOW_SHOW_MESSAGE)
        def message(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

        @feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def ask(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            return self.answer(params)

    def do(self, work: Coroutine[Any, Any, T], timeout_s: float = 280) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_s)

    def start(self) -> types.InitializeResult:
        async def begin() -> types.InitializeResult:
            command = [sys.executable, "-m", "prover.cli.main", "lsp", "--workers", "1", "--suggest-timeout", "60"]
            await self.client.start_io(*command)
            result = await self.client.initialize_async(
                types.InitializeParams(
                    types.ClientCapabilities(
                        window=types.WindowClientCapabilities(work_done_progress=True),
                        workspace=types.WorkspaceClientCapabilities(
                            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)
                        ),
                    ),
                    initialization_options={"library": False},
                    workspace_folders=[types.WorkspaceFolder(self.folder.as_uri(), "tests")],
                )
            )
            self.client.initialized(types.InitializedParams())
            return result

        return self.do(begin())

    def stop(self) -> None:
        async def end() -> None:
            await self.client.shutdown_async(None)
            self.client.exit(None)
            await self.client.stop()

        self.do(end(), 30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    def open(self, name: str, text: str) -> str:
        uri = name if ":" in name else (self.folder / name).as_uri()
        item = types.TextDocumentItem(uri, "lean4", 1, text)

        async def opened() -> None:
            self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

        self.do(opened())
        return uri

    def close(self, uri: str) -> None:
        async def closed() -> None:
            self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

        self.do(closed())

    def change(self, uri: str, version: int, change: types.TextDocumentContentChangePartial) -> None:
        async def changed() -> None:
            document = types.VersionedTextDocumentIdentifier(version, uri)
            self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

        self.do(changed())

    def told(self, uri: str, version: int = 1, read: bool = True) -> list[types.Diagnostic]:
        """What the server says of a version of a text, once it has `read` it, or before."""

        def said() -> list[types.PublishDiagnosticsParams]:
            known = [d for d in self.diagnostics.get(uri, []) if d.version == version]
            waits = [[o.severity for o in d.diagnostics if o.source == "proofsmith"] for d in known]
            information = [types.DiagnosticSeverity.Information]
            return [d for d, w in zip(known, waits, strict=True) if not read or w != information or "outside" in str(d)]

        with self._said:
            assert self._said.wait_for(lambda: bool(said()), timeout=280)
            return list(said()[-1].diagnostics)

    def command(self, name: str, *arguments: Any) -> Any:
        return self.do(
            self.client.workspace_execute_command_async(types.ExecuteCommandParams(name, arguments=list(arguments)))
        )

    def hover(self, uri: str, line: int, character: int) -> types.Hover | None:
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        return self.do(self.client.text_document_hover_async(params))

    def actions(self, uri: str, line: int, character: int, kind: types.CodeActionTriggerKind) -> list[Any]:
        at = types.Position(line, character)
        context = types.CodeActionContext([], trigger_kind=kind)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), types.Range(at, at), context)
        return list(self.do(self.client.text_document_code_action_async(params)) or [])


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    editor = Editor(tmp_path_factory.mktemp("workspace"))
    editor.start()
    yield editor
    editor.stop()


@pytest.fixture(scope="module")
def uri(editor: Editor) -> str:
    uri = editor.open("Some.lean", TEXT)
    editor.told(uri)
    return uri


def after(text: str, edit: types.WorkspaceEdit | None) -> str:
    """The text with an edit as the protocol means it: versioned, columns in UTF-16 code units."""
    assert edit is not None and edit.document_changes is not None
    change = edit.document_changes[0]
    assert isinstance(change, types.TextDocumentEdit)
    lines = text.split("\n")

    def offset(position: types.Position) -> int:
        units = lines[position.line].encode("utf-16-le")[: 2 * position.character]
        return sum(len(row) + 1 for row in lines[: position.line]) + len(units.decode("utf-16-le"))

    for one in sorted(change.edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        assert isinstance(one, types.TextEdit)
        text = text[: offset(one.range.start)] + one.new_text + text[offset(one.range.end) :]
    return text


def test_diagnostics_count_utf16(editor: Editor, uri: str) -> None:
    found = editor.told(uri)
    sorry = next(d for d in found if d.range.start.line == 0)
    assert (sorry.range.start.character, sorry.range.end.character) == (8, 10)  # one character of two units
    assert [d.range.start.line for d in found if d.severity == types.DiagnosticSeverity.Error] == [7, 7]


@pytest.mark.parametrize(
    ("line", "character", "goal"),
    [
        (0, 46, "⊢ a + b = b + a"),  # the sorry behind characters of two units
        (5, 5, "case right"),
        (4, 4, "case left"),
        (3, 2, "⊢ q ∧ p"),
        (7, 50, "⊢ a * b = b * a"),  # the `by` that nothing follows
        (8, 0, "⊢ a * b = b * a"),
    ],
)
def test_hover_shows_the_goal(editor: Editor, uri: str, line: int, character: int, goal: str) -> None:
    hover = editor.hover(uri, line, character)
    assert hover is not None and isinstance(hover.contents, types.MarkupContent)
    assert goal in hover.contents.value


def test_hover_outside_a_proof_is_empty(editor: Editor, uri: str) -> None:
    assert editor.hover(uri, 1, 0) is None
    assert editor.hover(uri, 500, 3) is None


def test_invoked_code_actions_write_checked_tactics(editor: Editor, uri: str) -> None:
    actions = editor.actions(uri, 0, 46, types.CodeActionTriggerKind.Invoked)
    titles = [a.title for a in actions]
    closing = next(a for a in actions if "omega" in a.title)
    assert "closes the goal" in closing.title
    assert after(TEXT, closing.edit).splitlines()[0] == "theorem 𝔸 (a b : Nat) : a + b = b + a := by omega"
    assert {"Prove it", "Prove all in this file"} <= set(titles)


def test_a_step_is_written_with_a_sorry_for_what_it_leaves(editor: Editor, uri: str) -> None:
    actions = editor.actions(uri, 5, 5, types.CodeActionTriggerKind.Invoked)
    leaving = next(a for a in actions if "obtain" in a.title)
    assert "(1 goal: ⊢ p)" in leaving.title
    written = after(TEXT, leaving.edit).splitlines()
    assert written[5].startswith("  · obtain") and written[6] == "    sorry"


def test_looking_only_runs_no_tactic(editor: Editor, uri: str) -> None:
    actions = editor.actions(uri, 0, 46, types.CodeActionTriggerKind.Automatic)
    assert [a.title for a in actions] == ["Suggest next tactic", "Prove it", "Prove all in this file"]
    assert all(getattr(a, "edit", None) is None and a.command is not None for a in actions)


def test_the_question_writes_what_is_chosen(editor: Editor, uri: str) -> None:
    editor.edits.clear()
    editor.answer = lambda params: next(a for a in params.actions or [] if a.title.startswith("simp_all"))
    editor.command("proofsmith.suggest", uri, {"line": 5, "character": 5})
    assert after(TEXT, editor.edits[0]).splitlines()[5] == "  · simp_all"


def test_prove_it_tells_progress_and_writes_the_proof(editor: Editor, uri: str) -> None:
    editor.edits.clear()
    editor.progress.clear()
    proof = editor.command("proofsmith.prove", uri, {"line": 5, "character": 4})
    assert proof["status"] == "proved", proof
    assert after(TEXT, editor.edits[0]).splitlines()[5].startswith("  · ")
    assert "sorry" not in after(TEXT, editor.edits[0]).splitlines()[5]
    assert editor.progress[0]["kind"] == "begin" and editor.progress[-1]["message"] == "proved"


def test_prove_it_can_be_cancelled(editor: Editor) -> None:
    editor.edits.clear()
    hard = "theorem fermat (a b c n : Nat) (h : 2 < n) (p : 0 < a * b * c) : a ^ n + b ^ n ≠ c ^ n := by\n  sorry\n"
    uri = editor.open("Hard.lean", hard)
    editor.told(uri)

    def stop(token: str | int, value: Any) -> None:
        if value["kind"] == "report":
            editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))

    editor.on_progress = stop
    try:
        proof = editor.command("proofsmith.prove", uri, {"line": 1, "character": 3})
    finally:
        editor.on_progress = lambda *_: None
    assert proof["status"] == "cancelled" and editor.edits == []


def test_an_edit_is_followed(editor: Editor) -> None:
    uri = editor.open("Edited.lean", WIDE)
    editor.told(uri)
    end = types.Position(0, WIDE.index("sorry") + 4)  # four characters before it take two units
    assert WIDE[:-1].endswith("sorry")
    span = types.Range(end, types.Position(0, end.character + 5))
    editor.change(uri, 2, types.TextDocumentContentChangePartial(span, "simp_all"))
    assert editor.told(uri, 2) == []
    assert editor.actions(uri, 0, 3, types.CodeActionTriggerKind.Automatic) == []


def test_prove_all_writes_every_proof_at_once(editor: Editor) -> None:
    text = "theorem a (n : Nat) : n + 0 = n := by\n\n" + BOTH
    uri = editor.open("All.lean", text)
    editor.told(uri)
    editor.edits.clear()
    proofs = editor.command("proofsmith.proveAll", uri)
    assert [(p["name"], p["status"]) for p in proofs] == [("a", "proved"), ("b", "proved")]
    written = after(text, editor.edits[0])
    assert "sorry" not in written
    again = editor.open("Again.lean", written)
    assert editor.told(again) == []


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("proofsmith.goals", ({"line": 999, "character": 0},), "no line 1000"),
        ("proofsmith.goals", ({"line": 1, "character": 0},), "no tactic can stand here"),
        ("proofsmith.suggestions", ("nonsense",), "no position"),
        ("proofsmith.prove", ({"line": 1, "character": 0},), "no theorem here waits"),
    ],
)
def test_impossible_places_are_refused_in_words(
    editor: Editor, uri: str, name: str, arguments: tuple[Any, ...], says: str
) -> None:
    with pytest.raises(JsonRpcException, match=says):
        editor.command(name, uri, *arguments)


def test_files_that_are_not_ours_are_refused(editor: Editor, tmp_path: Path) -> None:
    with pytest.raises(JsonRpcException, match="not open in the editor"):
        editor.command("proofsmith.goals", (tmp_path / "Never.lean").as_uri(), {"line": 0, "character": 0})
    outside = editor.open((tmp_path / "Outside.lean").as_uri(), "theorem t : True := by sorry\n")
    assert "outside the workspace" in editor.told(outside)[0].message
    with pytest.raises(JsonRpcException, match="outside the workspace"):
        editor.command("proofsmith.prove", outside, {"line": 0, "character": 25})


def test_a_file_too_large_and_a_missing_import_are_told(editor: Editor) -> None:
    large = editor.open("Large.lean", "-- " + "x" * 10_000_000 + "\ntheorem t : True := by sorry\n")
    assert "interactive use reads up to" in editor.told(large)[0].message
    native = editor.open("Native.lean", "import Mathlib\ntheorem t : True := by sorry\n")
    assert "imports Mathlib, which is not there" in editor.told(native)[0].message
    with pytest.raises(JsonRpcException, match="interactive use reads up to"):
        editor.command("proofsmith.goals", large, {"line": 1, "character": 25})


RUNAWAYS = (
    "theorem r : 5 ^ 99999999999 % 3 = 1 := by decide +kernel\n",
    "theorem before : True := trivial\ntheorem r : Nat.gcd (7 ^ 99999999999) 3 = 1 := by decide +kernel\n",
    "theorem r : (List.range 10000000000).length = 10000000000 := by decide +kernel\n",
)


@pytest.mark.parametrize("text", RUNAWAYS)
def test_a_text_that_lean_is_slow_to_read_is_said_to_be_waited_for(editor: Editor, text: str) -> None:
    uri = editor.open(f"Runaway{RUNAWAYS.index(text)}.lean", text)
    said = editor.told(uri, read=False)
    assert [d.severity for d in said] == [types.DiagnosticSeverity.Information]
    assert "still reading" in said[0].message or "not ready" in said[0].message
    editor.close(uri)


FRAMES: dict[str, list[dict[str, Any]]] = {
    "ordinary": [{"method": "initialized", "params": {}}, {"id": 2, "method": "shutdown"}, {"method": "exit"}],
    "at once": [{"id": 2, "method": "shutdown"}, {"method": "exit"}],
    "while a text is read": [
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": {
            "uri": "file:///w/A.lean", "languageId": "lean4", "version": 1, "text": RUNAWAYS[0]}}},
        {"id": 2, "method": "shutdown"}, {"method": "exit"},
    ],
    "the editor is gone": [{"method": "initialized", "params": {}}],
}  # fmt: skip


@pytest.mark.parametrize("frames", FRAMES.values(), ids=FRAMES.keys())
def test_an_ordinary_end_has_exit_code_0_and_says_nothing(frames: list[dict[str, Any]]) -> None:
    start = {"id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None, "rootUri": None}}
    sent = b""
    for frame in [start, *frames]:
        body = json.dumps({"jsonrpc": "2.0", **frame}).encode()
        sent += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    command = [sys.executable, "-m", "prover.cli.main", "lsp", "--workers", "1"]
    ended = subprocess.run(command, input=sent, capture_output=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"Content-Length:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theorem a (xs : List α) : xs ++ [] = xs := by simp\n", ["α bound automatically (autoImplicit)"]),
        ("theorem b (n : Natt) (f : Natt → β) : f n = f n := by sorry\n", ["Natt, β bound automatically (autoImplicit)"]),
        ("theorem c (n : Nat) : n = n := rfl\nexample (h : p) : p := h\n", ["p bound automatically (autoImplicit)"]),
    ],
)
def test_names_that_are_bound_automatically_are_said(editor: Editor, text: str, said: list[str]) -> None:
    uri = editor.open(f"Bound_{text[8]}.lean", text)

    def told() -> list[str]:
        last = (editor.diagnostics.get(uri) or [types.PublishDiagnosticsParams(uri, [])])[-1]
        return [d.message for d in last.diagnostics if "automatically" in d.message]

    with editor._said:
        assert editor._said.wait_for(lambda: bool(told()), timeout=280)
    assert told() == said
