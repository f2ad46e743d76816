"""The language server: the editor's requests, answered by a session.

Requests wait in threads, so a long one never holds up another; one that the editor takes back stops in Lean, too. Every
text comes from the editor; files on disk are not read.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from prover import __version__
from prover.agent import SearchSettings
from prover.errors import ProverError
from prover.lean.holes import NoPlace
from prover.lean.positions import Position
from prover.server.answers import Edit, Proof
from prover.server.lsp_text import Text, moved, short
from prover.server.pool import Cancelled
from prover.server.session import Session
from prover.server.waiting import prove_all, to_prove

REQUEST_FAILED = -32803
SETTLE_S = 0.25
"""An edit is elaborated once no other has come for so long."""
READING_WAIT_S = 600.0
THREADS = 32
SEVERITIES = {
    "error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}  # fmt: skip
SUGGEST, SUGGESTIONS, GOALS, PROVE, PROVE_ALL = (
    f"proofsmith.{verb}" for verb in ("suggest", "suggestions", "goals", "prove", "proveAll")
)
KINDS = (types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite)
T = TypeVar("T")
Work = Callable[[Callable[[], bool]], T]
"""What a thread does; it is given a way to ask whether the answer is still wanted."""


@dataclass(frozen=True)
class Options:
    """`diagnostics`: tell what Lean says; `library`: index the library ahead, for `exact?`. The times are seconds for
    suggestions at a place and for a proof.
    """

    diagnostics: bool = True
    library: bool = True
    suggest_s: float = 4.0
    prove_s: float = 60.0


def failure(message: object) -> JsonRpcException:
    """An answer that says why there is none."""
    return JsonRpcException(str(message), REQUEST_FAILED)


class Server:
    """The handlers, bound to a pygls server."""

    def __init__(self, session: Session, options: Options) -> None:
        self.session = session
        self.options = options
        self.ls = LanguageServer("proofsmith", __version__)
        self._reading: dict[str, tuple[asyncio.Task[None], threading.Event]] = {}
        self._tokens = 0
        # Not asyncio's own: that one would be waited for when the editor goes away, before anything can end its work.
        self._threads = ThreadPoolExecutor(THREADS, "request")
        for method, handler in (
            (types.INITIALIZE, self.initialize),
            (types.INITIALIZED, self.initialized),
            (types.TEXT_DOCUMENT_DID_OPEN, self.changed),
            (types.TEXT_DOCUMENT_DID_CHANGE, self.changed),
            (types.TEXT_DOCUMENT_DID_CLOSE, self.closed),
            (types.TEXT_DOCUMENT_HOVER, self.hover),
        ):
            self.ls.feature(method)(_function(handler))
        kinds = types.CodeActionOptions(code_action_kinds=list(KINDS))
        self.ls.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(_function(self.actions))
        for name, command in (
            (SUGGESTIONS, self.suggestions), (SUGGEST, self.suggest), (GOALS, self.goals), (PROVE, self.prove),
            (PROVE_ALL, self.prove_all),
        ):  # fmt: skip
            self.ls.command(name)(_function(command))

    # ------------------------------------------------------------------ texts

    def initialize(self, params: types.InitializeParams) -> None:
        """The editor's settings: `diagnostics` and `library` of `Options`."""
        wanted = params.initialization_options
        if isinstance(wanted, dict):
            off = [name for name in ("diagnostics", "library") if wanted.get(name) is False]
            self.options = replace(self.options, **dict.fromkeys(off, False))

    def initialized(self, _: types.InitializedParams) -> None:
        """Starts Lean while the user still looks at the file."""
        self.session.start(self.options.library)

    def changed(self, params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
        """Elaborates the text in the background, what changed only."""
        uri = params.text_document.uri
        self._stop_reading(uri)
        stop = threading.Event()
        self._reading[uri] = (asyncio.get_running_loop().create_task(self._read(uri, stop)), stop)

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forgets what was said about a text."""
        self._stop_reading(params.text_document.uri)
        self._publish(params.text_document.uri, None, [])

    def _stop_reading(self, uri: str) -> None:
        task, stop = self._reading.pop(uri, (None, None))
        if task is not None and stop is not None:
            stop.set()

    async def _read(self, uri: str, stop: threading.Event) -> None:
        await asyncio.sleep(SETTLE_S)
        if stop.is_set():
            return
        version = self.ls.workspace.get_text_document(uri).version
        try:
            text = self._text(uri)
            document = await self._in_thread(
                lambda: self.session.document(text.text, text.path, stop.is_set, READING_WAIT_S)
            )
            found = [
                types.Diagnostic(text.range(d.start, d.end), d.text, SEVERITIES[d.severity], source="Lean")
                for d in document.diagnostics
            ]
        except Cancelled:
            return
        except ProverError as error:
            found = [_on_top(str(error), types.DiagnosticSeverity.Error)]
        except JsonRpcException as error:
            found = [_on_top(error.message, types.DiagnosticSeverity.Information)]
        if not stop.is_set() and self.options.diagnostics:
            self._publish(uri, version, found)

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self.ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def _text(self, uri: object) -> Text:
        """An open text. Raises what the editor shows when it is none of ours."""
        workspace = self.ls.workspace
        if not isinstance(uri, str) or uri not in workspace.text_documents:
            raise failure(f"{uri} is not open in the editor; only open files are worked on")
        local = to_fs_path(uri)
        path = Path(local) if uri.startswith("file:") and local else None
        roots = [Path(f) for folder in workspace.folders.values() if (f := to_fs_path(folder.uri))]
        if not roots and workspace.root_path:
            roots = [Path(workspace.root_path)]
        if path is not None and roots and not any(path.resolve().is_relative_to(root.resolve()) for root in roots):
            raise failure(f"{path} lies outside the workspace ({roots[0]}); open its folder to work on it")
        encoding = types.PositionEncodingKind(workspace.position_encoding or "utf-16").value
        return Text(workspace.text_documents[uri].source, path, encoding)

    # ------------------------------------------------------------------ requests

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _answer(self, work: Work[T]) -> T:
        """Does the work in a thread. An editor that takes its request back stops it."""
        gone = threading.Event()
        try:
            return await self._in_thread(lambda: work(gone.is_set))
        except asyncio.CancelledError:
            gone.set()
            raise
        except (ProverError, ValueError) as error:
            raise failure(error) from error

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        """The goal at a place."""
        text = self._text(params.text_document.uri)
        place = text.position(params.position)
        if place is None:
            return None

        def work(cancelled: Callable[[], bool]) -> types.Hover | None:
            try:
                at = self.session.goals(text.text, place.line, place.column, text.path, cancelled)
            except NoPlace:
                return None
            shown = f"**{at.theorem}**\n```lean\n{at.text}\n```"
            return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, shown), text.range(at.start, at.end))

        return await self._answer(work)

    async def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Suggestions as edits when the user asks, as a command when the editor only looks; proofs as commands."""
        only = params.context.only
        if only is not None and not any(kind.startswith(str(o)) for kind in KINDS for o in only):
            return []
        uri, position = params.text_document.uri, params.range.start
        text = self._text(uri)
        place = text.position(position)
        if place is None:
            return []
        automatic = params.context.trigger_kind == types.CodeActionTriggerKind.Automatic
        document = await self._answer(lambda cancelled: self.session.document(text.text, text.path, cancelled))
        actions: list[types.CodeAction] = []
        if automatic:
            actions.append(_command("Suggest next tactic", SUGGEST, uri, position))
        else:
            actions += [
                types.CodeAction(
                    f"Suggest next tactic: {found['title']}", types.CodeActionKind.QuickFix, edit=found["edit"],
                    is_preferred=found["closes"] and number == 0,
                )
                for number, found in enumerate(await self._suggested(uri, text, place, quiet=True))
            ]
        if document.at(place.line) is not None:
            actions.append(_command("Prove it", PROVE, uri, position))
        elif automatic:
            actions.clear()
        if document.waiting:
            actions.append(_command("Prove all in this file", PROVE_ALL, uri))
        return actions

    async def _suggested(self, uri: str, text: Text, place: Position, quiet: bool = False) -> list[dict[str, Any]]:
        version = self.ls.workspace.text_documents[uri].version

        def work(cancelled: Callable[[], bool]) -> list[dict[str, Any]]:
            try:
                at, found = self.session.suggest_at(
                    text.text, place.line, place.column, timeout_s=self.options.suggest_s, path=text.path, cancelled=cancelled
                )
            except NoPlace:
                if quiet:
                    return []
                raise
            return [
                {
                    "tactic": s.tactic, "goals": list(s.goals_after), "closes": s.closes, "title": short(s),
                    "edit": self._edit(uri, version, text, [at.step(s)]),
                }
                for s in found
            ]  # fmt: skip

        return await self._answer(work)

    async def suggestions(self, uri: Any = None, position: Any = None, *_: Any) -> list[dict[str, Any]]:
        """Checked suggestions at a place, each with the goals that it leaves and the edit that writes it."""
        text, place = self._asked(uri, position)
        return await self._suggested(uri, text, place)

    async def goals(self, uri: Any = None, position: Any = None, *_: Any) -> dict[str, Any]:
        """The goals at a place."""
        text, place = self._asked(uri, position)

        def work(cancelled: Callable[[], bool]) -> dict[str, Any]:
            at = self.session.goals(text.text, place.line, place.column, text.path, cancelled)
            return {"theorem": at.theorem, "goals": list(at.goals), "range": text.range(at.start, at.end)}

        return await self._answer(work)

    async def suggest(self, uri: Any = None, position: Any = None, *_: Any) -> None:
        """Suggestions as a question to the user, the chosen one written."""
        found = await self.suggestions(uri, position)
        if not found:
            self._say("No tactic that was tried helps here.")
            return
        items = [types.MessageActionItem(f["title"]) for f in found]
        chosen = await self.ls.window_show_message_request_async(
            types.ShowMessageRequestParams(types.MessageType.Info, "Next tactic:", items)
        )
        for f in found:
            if chosen is not None and f["title"] == chosen.title:
                await self.ls.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(f["edit"], "Suggested tactic"))

    async def prove(self, uri: Any = None, position: Any = None, *_: Any) -> dict[str, Any]:
        """Searches for a proof of what the cursor is in, and writes it."""
        text, place = self._asked(uri, position)

        async def search(report: Callable[[str, int | None], None], cancelled: Callable[[], bool]) -> list[Proof]:
            def told(event: dict[str, Any]) -> None:
                report(f"{event['expansion']} states expanded", None)

            def work(gone: Callable[[], bool]) -> Proof:
                def over() -> bool:
                    return gone() or cancelled()

                where = to_prove(self.session, text.text, place, text.path, over)
                return self.session.prove(
                    text.text, where, SearchSettings(timeout_s=self.options.prove_s), told, over, text.path
                )

            return [await self._answer(work)]

        return (await self._with_progress("Prove it", uri, text, search))[0]

    async def prove_all(self, uri: Any = None, *_: Any) -> list[dict[str, Any]]:
        """Searches for a proof of every theorem that waits for one, and writes what was found."""
        text = self._text(uri)

        async def search(report: Callable[[str, int | None], None], cancelled: Callable[[], bool]) -> list[Proof]:
            def told(number: int, total: int, waiting: Any, proof: Proof | None) -> None:
                done = number - (proof is None)
                report(f"{number} of {total}: {waiting.name}", 100 * done // total)

            def work(gone: Callable[[], bool]) -> list[Proof]:
                settings = SearchSettings(timeout_s=self.options.prove_s)
                return prove_all(self.session, text.text, settings, told, lambda: gone() or cancelled(), text.path)

            return await self._answer(work)

        return await self._with_progress("Prove all", uri, text, search)

    def _asked(self, uri: object, position: Any) -> tuple[Text, Position]:
        """The arguments of a command."""
        text = self._text(uri)
        try:
            line, column = (position["line"], position["character"]) if isinstance(position, dict) else (
                position.line, position.character)  # fmt: skip
            place = text.position(types.Position(int(line), int(column)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise failure(f"{position!r} is no position; it has a line and a character") from error
        if place is None:
            raise failure(f"the file has no line {int(line) + 1}")
        return text, place

    # ------------------------------------------------------------------ progress and edits

    async def _with_progress(
        self,
        title: str,
        uri: str,
        text: Text,
        search: Callable[[Callable[[str, int | None], None], Callable[[], bool]], Coroutine[Any, Any, list[Proof]]],
    ) -> list[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        token = await self._token(title)
        stopped = threading.Event()
        progress = self.ls.work_done_progress

        def report(message: str, percentage: int | None) -> None:
            if token is not None:
                value = types.WorkDoneProgressReport(message=message, percentage=percentage, cancellable=True)
                loop.call_soon_threadsafe(progress.report, token, value)

        def cancelled() -> bool:
            return stopped.is_set() or (token is not None and progress.tokens[token].cancelled())

        said = "failed"
        try:
            proofs = await search(report, cancelled)
            said = await self._write(title, uri, text, proofs)
        except JsonRpcException as error:
            if cancelled():
                said = "cancelled"
                return [{"name": "", "status": "cancelled", "reason": "cancelled", "proof": None}]
            said = error.message
            raise
        except asyncio.CancelledError:
            stopped.set()
            raise
        finally:
            if token is not None:
                progress.end(token, types.WorkDoneProgressEnd(message=said))
                progress.tokens.pop(token, None)
        return [{"name": p.name, "status": p.status, "reason": p.reason, "proof": p.attempt.proof} for p in proofs]

    async def _token(self, title: str) -> str | None:
        window = self.ls.client_capabilities.window
        if window is None or not window.work_done_progress:
            return None
        self._tokens += 1
        token = f"proofsmith-{self._tokens}"
        await self.ls.work_done_progress.create_async(token)
        self.ls.work_done_progress.begin(token, types.WorkDoneProgressBegin(title, cancellable=True))
        return token

    async def _write(self, title: str, uri: str, text: Text, proofs: list[Proof]) -> str:
        """Inserts what was proved, where the text says the same as when the search began; tells the user about the rest."""
        done = [p for p in proofs if p.edit is not None]
        now = self.ls.workspace.text_documents.get(uri)
        edits: list[Edit] = []
        for proof in done:
            assert proof.edit is not None
            fitting = None if now is None else moved(proof.edit, text.text, now.source)
            if fitting is None:
                self._say(f"{proof.name}: the text changed meanwhile; the proof is:\n{proof.attempt.proof}")
            else:
                edits.append(fitting)
        if edits and now is not None:
            current = Text(now.source, text.path, text.encoding)
            await self.ls.workspace_apply_edit_async(
                types.ApplyWorkspaceEditParams(self._edit(uri, now.version, current, edits), title)
            )
        for proof in proofs:
            if proof.status not in ("proved", "cancelled"):
                self._say(f"{proof.name}: {'not proved: ' if proof.edit is None else ''}{proof.reason}")
        proved = sum(p.status == "proved" for p in proofs)
        return "proved" if len(proofs) == proved == 1 else f"{proved} of {len(proofs)} proved"

    def _edit(self, uri: str, version: int | None, text: Text, edits: list[Edit]) -> types.WorkspaceEdit:
        changes = [types.TextEdit(text.range(e.start, e.end), e.new_text) for e in edits]
        capabilities = self.ls.client_capabilities.workspace
        if capabilities is not None and capabilities.workspace_edit and capabilities.workspace_edit.document_changes:
            document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(changes))])
        return types.WorkspaceEdit(changes={uri: changes})

    def _say(self, message: str) -> None:
        self.ls.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))


def _function(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method as the plain function that pygls wants to put its marks on."""
    if asyncio.iscoroutinefunction(method):

        async def later(*arguments: Any) -> Any:
            return await method(*arguments)

        return later

    def now(*arguments: Any) -> Any:
        return method(*arguments)

    return now


def _on_top(message: str, severity: types.DiagnosticSeverity) -> types.Diagnostic:
    """What concerns the whole file, at its beginning."""
    start = types.Position(0, 0)
    return types.Diagnostic(types.Range(start, start), message, severity, source="proofsmith")


def _command(title: str, command: str, *arguments: Any) -> types.CodeAction:
    return types.CodeAction(
        title, types.CodeActionKind.QuickFix, command=types.Command(title, command, arguments=list(arguments))
    )


def serve(session: Session, options: Options) -> None:
    """Speaks on stdin and stdout until the editor is done."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # what goes wrong is answered
    try:
        Server(session, options).ls.start_io()
    finally:
        session.close()  # ends what the threads wait for
