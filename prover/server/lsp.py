"""The language server: the editor's requests, answered by a session, and what Lean says of its texts as they change.

Requests wait in threads, so a long one never holds up another; one that the editor takes back stops in Lean, too. Every
text comes from the editor; files on disk are not read.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from prover import __version__
from prover.errors import ProverError
from prover.lean.engine import Backend
from prover.lean.holes import NoPlace
from prover.lean.positions import Position
from prover.prove.theorem import SearchSettings
from prover.server.answers import Proof
from prover.server.editor import Editor, Text, failure
from prover.server.pool import Cancelled
from prover.server.reading import REQUEST_S
from prover.server.session import Session

SETTLE_S = 0.25
"""An edit is elaborated once no other has come for so long."""
READING_WAIT_S = 600.0
PATIENCE_S = 3.0
"""A text that is read for longer is said to be waited for."""
SEVERITIES = {
    "error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}  # fmt: skip
THREADS = 32
KINDS = (types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite)
T = TypeVar("T")
Work = Callable[[Callable[[], bool]], T]
"""What a thread does; it is given a way to ask whether the answer is still wanted."""


class Diagnostics:
    """Reads texts as they change, and tells the editor what Lean says.

    Args:
        session: has Lean.
        editor: is told.
        threads: the reading waits there.
        wanted: whether the editor is to be told; a text is read even so, and the next request finds it warm.
    """

    def __init__(self, session: Session, editor: Editor, threads: Executor, wanted: Callable[[], bool]) -> None:
        self._session = session
        self._editor = editor
        self._threads = threads
        self._wanted = wanted
        self._reading: dict[str, tuple[asyncio.Task[None], threading.Event]] = {}

    def changed(self, params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
        """Elaborates the text in the background, what changed only."""
        uri = params.text_document.uri
        self._stop(uri)
        stop = threading.Event()
        self._reading[uri] = (asyncio.get_running_loop().create_task(self._read(uri, stop)), stop)

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forgets what was said about a text."""
        self._stop(params.text_document.uri)
        self._publish(params.text_document.uri, None, [])

    def _stop(self, uri: str) -> None:
        task, stop = self._reading.pop(uri, (None, None))
        if task is not None and stop is not None:
            stop.set()

    async def _read(self, uri: str, stop: threading.Event) -> None:
        await asyncio.sleep(SETTLE_S)
        if stop.is_set():
            return
        version = self._editor.ls.workspace.get_text_document(uri).version
        text: Text | None = None
        try:
            given = text = self._editor.text(uri)
            reading = asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._session.document(
                    given.text, path=given.path, cancelled=stop.is_set, wait_s=READING_WAIT_S
                ),
            )
            await asyncio.wait({reading}, timeout=PATIENCE_S)
            if not reading.done() and not stop.is_set() and self._wanted():
                self._publish(uri, version, [_on_top(self._waited_for(), types.DiagnosticSeverity.Information)])
            document = await reading
            found = [
                types.Diagnostic(text.range(d.start, d.end), d.text, SEVERITIES[d.severity], source="Lean")
                for d in document.diagnostics
            ]
        except Cancelled:
            return
        except ProverError as error:
            text, found = None, [_on_top(str(error), types.DiagnosticSeverity.Error)]
        except JsonRpcException as error:
            text, found = None, [_on_top(error.message, types.DiagnosticSeverity.Information)]
        if not stop.is_set() and self._wanted():
            self._publish(uri, version, found)
            if text is not None and (bound := await self._auto_bound(text, stop)):
                self._publish(uri, version, [*found, *bound])

    async def _auto_bound(self, text: Text, stop: threading.Event) -> list[types.Diagnostic]:
        """The names that statements bind automatically, each said at its theorem."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._session.auto_bound(
                    text.text, path=text.path, cancelled=stop.is_set, wait_s=READING_WAIT_S
                ),
            )
        except ProverError:
            return []  # it is told once more when the text changes
        places = text.places
        return [
            types.Diagnostic(
                text.range(*(places.position(places.at_byte(at)) for at in (target.start, target.proof_span[0]))),
                f"{', '.join(names)} bound automatically (autoImplicit)", types.DiagnosticSeverity.Information,
                source="proofsmith",
            )
            for target, names in found
        ] if not stop.is_set() else []  # fmt: skip

    def _waited_for(self) -> str:
        lean = self._session.readiness
        if not lean.serving:
            return str(lean)
        return f"Lean is still reading this text; a command that takes more than {REQUEST_S:.0f} s is given up"

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self._editor.ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))


def _on_top(message: str, severity: types.DiagnosticSeverity) -> types.Diagnostic:
    """What concerns the whole file, at its beginning."""
    start = types.Position(0, 0)
    return types.Diagnostic(types.Range(start, start), message, severity, source="proofsmith")


SUGGEST, SUGGESTIONS, GOALS, PROVE, PROVE_ALL = (
    f"proofsmith.{verb}" for verb in ("suggest", "suggestions", "goals", "prove", "proveAll")
)


@dataclass(frozen=True)
class Options:
    """`diagnostics`: tell what Lean says; `library`: index the library ahead, for `exact?`. The times are seconds for
    suggestions at a place and for a proof. `choose` gives the Lean of a workspace; None: the session's.
    """

    diagnostics: bool = True
    library: bool = True
    suggest_s: float = 4.0
    prove_s: float = 60.0
    choose: Callable[[Path], Backend] | None = None


class Server:
    """The handlers, bound to a pygls server."""

    def __init__(self, session: Session, options: Options) -> None:
        self.session = session
        self.options = options
        self.ls = LanguageServer("proofsmith", __version__)
        self._editor = Editor(self.ls)
        # Not asyncio's own: that one would be waited for when the editor goes away, before anything can end its work.
        self._threads = ThreadPoolExecutor(THREADS, "request")
        self._diagnostics = Diagnostics(session, self._editor, self._threads, lambda: self.options.diagnostics)
        for method, handler in (
            (types.INITIALIZE, self.initialize),
            (types.INITIALIZED, self.initialized),
            (types.TEXT_DOCUMENT_DID_OPEN, self._diagnostics.changed),
            (types.TEXT_DOCUMENT_DID_CHANGE, self._diagnostics.changed),
            (types.TEXT_DOCUMENT_DID_CLOSE, self._diagnostics.closed),
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

    def initialize(self, params: types.InitializeParams) -> None:
        """The editor's settings: `diagnostics` and `library` of `Options`; and the workspace, whose project's Lean is taken."""
        if self.options.choose is not None:
            try:
                self.session.use(self.options.choose(_root(params)))
            except ProverError as error:  # the embedded Lean serves all the same
                logging.getLogger(__name__).warning("%s", error)
        wanted = params.initialization_options
        if isinstance(wanted, dict):
            off = [name for name in ("diagnostics", "library") if wanted.get(name) is False]
            self.options = replace(
                self.options, diagnostics=self.options.diagnostics and "diagnostics" not in off,
                library=self.options.library and "library" not in off,
            )  # fmt: skip

    def initialized(self, _: types.InitializedParams) -> None:
        """Starts Lean while the user still looks at the file."""
        self.session.start(self.options.library)

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
        text = self._editor.text(params.text_document.uri)
        place = text.position(params.position)
        if place is None:
            return None

        def work(cancelled: Callable[[], bool]) -> types.Hover | None:
            try:
                at = self.session.goals(text.text, place.line, place.column, path=text.path, cancelled=cancelled)
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
        text = self._editor.text(uri)
        place = text.position(position)
        if place is None:
            return []
        automatic = params.context.trigger_kind == types.CodeActionTriggerKind.Automatic
        document = await self._answer(lambda cancelled: self.session.document(text.text, path=text.path, cancelled=cancelled))
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
                    "tactic": s.tactic, "goals": list(s.goals_after), "closes": s.closes, "title": s.title,
                    "edit": self._editor.edit(uri, version, text, [at.step(s)]),
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
            at = self.session.goals(text.text, place.line, place.column, path=text.path, cancelled=cancelled)
            return {"theorem": at.theorem, "goals": list(at.goals), "range": text.range(at.start, at.end)}

        return await self._answer(work)

    async def suggest(self, uri: Any = None, position: Any = None, *_: Any) -> None:
        """Suggestions as a question to the user, the chosen one written."""
        found = await self.suggestions(uri, position)
        if not found:
            self._editor.say("No tactic that was tried helps here.")
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
            def told(expansions: int, _: object) -> None:
                report(f"{expansions} states expanded", None)

            def work(gone: Callable[[], bool]) -> Proof:
                def over() -> bool:
                    return gone() or cancelled()

                where = self.session.place_to_prove(text.text, place, path=text.path, cancelled=over)
                settings = SearchSettings(timeout_s=self.options.prove_s)
                return self.session.prove(text.text, where, settings, told, path=text.path, cancelled=over)

            return [await self._answer(work)]

        return (await self._editor.with_progress("Prove it", uri, text, search))[0]

    async def prove_all(self, uri: Any = None, *_: Any) -> list[dict[str, Any]]:
        """Searches for a proof of every theorem that waits for one, and writes what was found."""
        text = self._editor.text(uri)

        async def search(report: Callable[[str, int | None], None], cancelled: Callable[[], bool]) -> list[Proof]:
            def told(number: int, total: int, waiting: Any, proof: Proof | None) -> None:
                done = number - (proof is None)
                report(f"{number} of {total}: {waiting.name}", 100 * done // total)

            def work(gone: Callable[[], bool]) -> list[Proof]:
                settings = SearchSettings(timeout_s=self.options.prove_s)
                return self.session.prove_all(
                    text.text, settings, told, path=text.path, cancelled=lambda: gone() or cancelled()
                )

            return await self._answer(work)

        return await self._editor.with_progress("Prove all", uri, text, search)

    def _asked(self, uri: object, position: Any) -> tuple[Text, Position]:
        """The arguments of a command."""
        text = self._editor.text(uri)
        try:
            line, column = (position["line"], position["character"]) if isinstance(position, dict) else (
                position.line, position.character)  # fmt: skip
            place = text.position(types.Position(int(line), int(column)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise failure(f"{position!r} is no position; it has a line and a character") from error
        if place is None:
            raise failure(f"the file has no line {int(line) + 1}")
        return text, place

def _root(params: types.InitializeParams) -> Path:
    """The folder of the workspace, the first one when there are several; without one, the present folder."""
    folders = params.workspace_folders or []
    uri = folders[0].uri if folders else params.root_uri
    found = uris.to_fs_path(uri) if uri else None
    return Path(found) if found else Path.cwd()


def _function(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method as the plain function that pygls wants to put its marks on."""
    if asyncio.iscoroutinefunction(method):

        async def later(*arguments: Any) -> Any:
            return await method(*arguments)

        return later

    def now(*arguments: Any) -> Any:
        return method(*arguments)

    return now


def _command(title: str, command: str, *arguments: Any) -> types.CodeAction:
    return types.CodeAction(
        title, types.CodeActionKind.QuickFix, command=types.Command(title, command, arguments=list(arguments))
    )


def serve(session: Session, options: Options) -> None:
    """Speaks on stdin and stdout until the editor is done."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # what goes wrong is answered
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")  # pygls closes what it writes to
    try:
        Server(session, options).ls.start_io(stdout=out)
    finally:
        session.close()  # ends what the threads wait for
