"""The editor at the other end: its open texts as it counts them, and what it is asked to show, to write and to say."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from prover.lean.positions import Places, Position
from prover.server.answers import Edit, Proof

REQUEST_FAILED = -32803
Search = Callable[[Callable[[str, int | None], None], Callable[[], bool]], Coroutine[Any, Any, list[Proof]]]
"""Given a way to report (a message, and per cent) and one to ask whether the user has cancelled."""


@dataclass(frozen=True)
class Text:
    """An open text; `encoding` says in which units the editor counts columns (`utf-16`, `utf-8` or `utf-32`)."""

    text: str
    path: Path | None
    encoding: str
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", Places(self.text))

    def position(self, place: types.Position) -> Position | None:
        """The editor's position in codepoints; None where the text has no such line."""
        if not 0 <= place.line < self.places.lines or place.character < 0:
            return None
        line = self.places.line(place.line)
        if self.encoding == "utf-16":
            return Position(place.line, self.places.from_utf16(place.line, place.character))
        if self.encoding == "utf-8":
            return Position(place.line, len(line.encode()[: place.character].decode(errors="ignore")))
        return Position(place.line, min(place.character, len(line)))

    def client(self, place: Position) -> types.Position:
        """A position as the editor counts."""
        if self.encoding == "utf-16":
            return types.Position(place.line, self.places.utf16(place))
        if self.encoding == "utf-8":
            return types.Position(place.line, len(self.places.line(place.line)[: place.column].encode()))
        return types.Position(place.line, place.column)

    def range(self, start: Position, end: Position) -> types.Range:
        """A span as the editor counts."""
        return types.Range(self.client(start), self.client(end))


def moved(edit: Edit, old: str, new: str) -> Edit | None:
    """The same change in a text that was edited meanwhile; None when the edit touched its place."""
    if old == new:
        return edit
    after = Places(new)
    start, end = edit.span(old)
    if new.startswith(old[:end]):
        return edit
    shift = len(new) - len(old)
    if new.endswith(old[start:]):
        return Edit(after.position(start + shift), after.position(end + shift), edit.new_text)
    return None


def failure(message: object) -> JsonRpcException:
    """An answer that says why there is none."""
    return JsonRpcException(str(message), REQUEST_FAILED)


class Editor:
    """What a server knows of its editor, and asks of it.

    Args:
        ls: speaks with it.
    """

    def __init__(self, ls: LanguageServer) -> None:
        self.ls = ls
        self._tokens = 0

    def text(self, uri: object) -> Text:
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

    async def with_progress(self, title: str, uri: str, text: Text, search: Search) -> list[dict[str, Any]]:
        """Shows a search while it runs, writes what it proved into the text, and says what became of each theorem.

        Args:
            title: what the editor shows.
            uri: the text's.
            text: as the search reads it.
            search: raises JsonRpcException when it cannot be done.
        """
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
        return [{"name": p.name, "status": p.status, "reason": p.reason, "proof": p.tactics} for p in proofs]

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
                self.say(f"{proof.name}: the text changed meanwhile; the proof is:\n{proof.tactics}")
            else:
                edits.append(fitting)
        if edits and now is not None:
            current = Text(now.source, text.path, text.encoding)
            await self.ls.workspace_apply_edit_async(
                types.ApplyWorkspaceEditParams(self.edit(uri, now.version, current, edits), title)
            )
        for proof in proofs:
            if proof.status not in ("proved", "cancelled"):
                why = "not proved: " if proof.edit is None and proof.status != "refuted" else ""
                self.say(f"{proof.name}: {why}{proof.reason}")
        proved = sum(p.status == "proved" for p in proofs)
        return "proved" if len(proofs) == proved == 1 else f"{proved} of {len(proofs)} proved"

    def edit(self, uri: str, version: int | None, text: Text, edits: list[Edit]) -> types.WorkspaceEdit:
        """Changes of a text in the form that the editor takes; `version` is the text's, where that form has one."""
        changes = [types.TextEdit(text.range(e.start, e.end), e.new_text) for e in edits]
        capabilities = self.ls.client_capabilities.workspace
        if capabilities is not None and capabilities.workspace_edit and capabilities.workspace_edit.document_changes:
            document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(changes))])
        return types.WorkspaceEdit(changes={uri: changes})

    def say(self, message: str) -> None:
        """Shows the user a message."""
        self.ls.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))
