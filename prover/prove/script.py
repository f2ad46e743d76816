"""Proof trees: as Lean text, laid out as a person would, and made smaller."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

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


MAX_ATTEMPTS = 24


def minimise(tree: ProofTree, accepts: Callable[[ProofTree], bool], max_attempts: int = MAX_ATTEMPTS) -> ProofTree:
    """The smallest accepted proof that was met within `max_attempts` audits.

    Tried in turn: the closing tactic of a branch in place of the whole branch, a step left out, equal one-line branches
    written once. Every change is put to `accepts`; without its word the proof stays as it is.
    """
    best = tree
    attempts = 0
    tried: set[ProofTree] = {best}
    improved = True
    while improved:
        improved = False
        for candidate in _smaller(best):
            if candidate in tried:
                continue
            if attempts == max_attempts:
                return best
            tried.add(candidate)
            attempts += 1
            if accepts(candidate):
                best, improved = candidate, True
                break
    return best


def _smaller(tree: ProofTree) -> Iterator[ProofTree]:
    """Smaller proofs, the boldest change first."""
    if tree.children:
        seen: set[str] = set()
        for leaf in _leaves(tree):
            if leaf not in seen:
                seen.add(leaf)
                yield ProofTree(leaf)
    if len(tree.children) == 1:
        yield tree.children[0]
    for i, child in enumerate(tree.children):
        for smaller in _smaller(child):
            yield ProofTree(tree.tactic, (*tree.children[:i], smaller, *tree.children[i + 1 :]))
    leaves = {child.tactic for child in tree.children if not child.children}
    same = len(tree.children) > 1 and len(leaves) == 1 and all(not c.children for c in tree.children)
    if same and " with " not in tree.tactic and "\n" not in next(iter(leaves)):
        yield ProofTree(f"{tree.tactic} <;> {next(iter(leaves))}")


def _leaves(tree: ProofTree) -> Iterator[str]:
    if not tree.children:
        yield tree.tactic
    for child in tree.children:
        yield from _leaves(child)
