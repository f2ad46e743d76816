"""Makes an accepted proof smaller, one audited step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from search.types import ProofTree

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
