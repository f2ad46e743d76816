"""Files that a coding agent may have read: those below one folder."""

from __future__ import annotations

from pathlib import Path

from prover.errors import DataError
from prover.lean.source import load


def text_of(workspace: Path, file: str | None, text: str | None) -> str:
    """What a tool works on: a text, or a .lean file of the workspace.

    Args:
        workspace: the folder; nothing outside it is read, links that lead out included.
        file: a path, relative to the workspace or absolute.
        text: in place of a file.

    Raises:
        DataError: neither or both are given, the file is elsewhere, or it cannot be read.
    """
    if (file is None) == (text is None):
        raise DataError("give `file` (a .lean file of the workspace) or `text`, one of the two")
    if text is not None:
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise DataError("the text is not UTF-8, or holds a NUL; Lean could not read it")
        return text
    assert file is not None
    root = workspace.resolve()
    try:
        path = (root / file).resolve()
    except (OSError, ValueError) as error:
        raise DataError(f"{file!r} is no path") from error
    if not path.is_relative_to(root):
        raise DataError(f"{file} lies outside the workspace {root}; start `proofsmith mcp --workspace FOLDER` for another")
    if path.suffix != ".lean":
        raise DataError(f"{file} is not a .lean file")
    return load(path)
