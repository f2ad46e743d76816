"""What Lean says about the texts of an editor: each is elaborated anew, in the background, when it changes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from prover.errors import ProverError
from prover.server.lsp_editor import Editor
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
        try:
            text = self._editor.text(uri)
            reading = asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._session.document(text.text, text.path, stop.is_set, READING_WAIT_S)
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
            found = [_on_top(str(error), types.DiagnosticSeverity.Error)]
        except JsonRpcException as error:
            found = [_on_top(error.message, types.DiagnosticSeverity.Information)]
        if not stop.is_set() and self._wanted():
            self._publish(uri, version, found)

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
