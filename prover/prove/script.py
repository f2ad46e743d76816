"""Proof trees as Lean text, laid out as a person would."""

from __future__ import annotations

import re

from search.types import ProofTree

HOLE = re.compile(r"\?_(?![\w'!?])")
ALTERNATIVE = re.compile(r"\s*\|\s*(?P<pattern>[^|]*?)\s*=>\s*\?_\s*(?=\||$)", re.DOTALL)


def script(tree: ProofTree) -> str:
    """The tactics of a proof, one a line, subproofs indented below what made them."""
    return "\n".join(_lines(tree))


def _lines(tree: ProofTree) -> list[str]:
    lines: list[str] = []
    while True:
        children = tree.children
        if len(children) <= 1:
            lines += tree.tactic.splitlines()
            if not children:
                return lines
            tree = children[0]
            continue
        head, patterns = _alternatives(tree.tactic)
        if patterns and len(patterns) == len(children):
            lines.append(head)
            for pattern, child in zip(patterns, children, strict=True):
                lines += _labelled(f"| {pattern} =>", _lines(child), "  ")
            return lines
        lines += tree.tactic.splitlines()
        for child in children:
            lines += _labelled("·", _lines(child), "  ", always_inline=True)
        return lines


def _labelled(label: str, body: list[str], indent: str, always_inline: bool = False) -> list[str]:
    if always_inline or len(body) == 1:
        return [f"{label} {body[0]}", *(indent + line for line in body[1:])]
    return [label, *(indent + line for line in body)]


def _alternatives(tactic: str) -> tuple[str, list[str]]:
    """`induction n with | zero => ?_ | succ n ih => ?_` as its head and its patterns."""
    head, separator, rest = tactic.partition(" with ")
    if not separator or not rest.lstrip().startswith("|"):
        return tactic, []
    patterns = [m["pattern"] for m in ALTERNATIVE.finditer(rest)]
    if len(patterns) != len(HOLE.findall(rest)) or len(patterns) != rest.count("=>"):
        return tactic, []
    return f"{head} with", patterns
