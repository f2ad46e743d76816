"""Best-first proof search on an AND/OR graph.

Algorithm. Pop the best unexpanded node, ask the policy for tactics, run them in one step, add an edge for
each, carry proved and failed upwards, open what became active. Best-first by log-probability is GPT-f's
search (Polu and Sutskever 2020, arXiv:2009.03393), dividing by the length is BFS-Prover's (`Priority`); what
is added here is that the parts of a state are proved by themselves and that equal states are searched once
(`search.graph`).

Invariants.

- Every live unexpanded node is in the frontier. A popped node that is not live is dropped, and comes back
  when a new edge, or an earlier sibling's proof, makes it live again.
- A node's priority is that of the best path that has opened it.
- The parts of an edge are opened in order, each with the priority of the path up to that edge.
- A proof is looked at before the budget; N expansions means exactly N.
- A refused proof costs the edge that completed it, for good, so refusals end and none is ever returned. The
  tactics that were left out because that edge had closed its node are run then; it is still the same expansion.

Tie-break. Proposals: higher log_prob, then the policy's order. Nodes: the frontier's (`search.frontier`).

Not guaranteed. The edge that completed a refused proof need not be the culprit, so a refusal may cost a
proof that exists. Candidates that are already found are put to `accept` even when the time is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from search.frontier import BestFirst, Frontier
from search.graph import Edge, Node, SearchGraph
from search.types import (
    Advanced,
    Budget,
    Closed,
    Critic,
    Environment,
    Outcome,
    Part,
    Policy,
    Priority,
    ProofTree,
    Proposal,
    Rejected,
    S,
    SearchResult,
    Status,
    TimedOut,
)

DEFAULT_PRIORITY = Priority()


def best_first(
    env: Environment[S],
    policy: Policy[S],
    root: Part[S],
    *,
    budget: Budget,
    accept: Callable[[ProofTree], bool],
    priority: Priority = DEFAULT_PRIORITY,
    frontier: Frontier[int] | None = None,
    critic: Critic[S] | None = None,
    clock: Callable[[], float] = time.monotonic,
    cancelled: Callable[[], bool] = lambda: False,
    on_expansion: Callable[[SearchGraph[S], Node[S]], None] | None = None,
) -> SearchResult[S]:
    """Search for a proof of `root` that `accept` takes.

    `frontier` is empty at the start and decides the order (best first when None); `priority` weighs the path
    and the critic. `clock` gives seconds. It and `cancelled` are looked at before each expansion, `cancelled`
    also after a refusal. `on_expansion` is called after each expansion, before `accept`.

    Returns why the search ended, the proof if there is one, and the graph.

    Raises whatever the environment, the policy, the critic or a callback raises, and ValueError when a
    critic's value is not in [0, 1] or the environment does not give one outcome for each tactic.

    EXHAUSTED does not mean unprovable: the policy may not have offered the right tactic.
    """
    started = clock()
    graph = SearchGraph(root, priority)
    if frontier is None:
        frontier = BestFirst()
    expansions = tactics_run = refused = 0
    untried: dict[int, list[Proposal]] = {}
    _value(graph, critic, graph.root)
    _push(frontier, [graph.root])

    def result(status: Status) -> SearchResult[S]:
        proof = graph.root.proof if status is Status.PROVED else None
        return SearchResult(status, proof, expansions, tactics_run, clock() - started, refused, graph)

    while True:
        while graph.root.proof is not None:
            if accept(graph.root.proof):
                return result(Status.PROVED)
            refused += 1
            completed = graph.completing_node()
            rest = untried.pop(completed.id, [])
            outcomes = _run(env, completed, rest)
            tactics_run += len(outcomes)
            edges = _add_edges(graph, completed, rest, outcomes, untried)
            graph.refuse()
            _open(frontier, graph, critic, edges)
            _push(frontier, graph.unqueued_leaves(graph.root))
            if cancelled():
                return result(Status.CANCELLED)

        node = _pop_live(frontier, graph)
        if node is None:
            return result(Status.EXHAUSTED)
        if cancelled():
            return result(Status.CANCELLED)
        if expansions == budget.max_expansions:
            return result(Status.OUT_OF_EXPANSIONS)
        if budget.timeout_s is not None and clock() - started >= budget.timeout_s:
            return result(Status.OUT_OF_TIME)

        proposals = ranked(policy.propose(node.state))
        outcomes = _run(env, node, proposals)
        expansions += 1
        tactics_run += len(outcomes)
        node.expanded, node.queued = expansions, False
        edges = _add_edges(graph, node, proposals, outcomes, untried)
        advanced = graph.update(node)
        _open(frontier, graph, critic, edges + advanced)
        if on_expansion is not None:
            on_expansion(graph, node)


def ranked(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Each tactic once, with its highest log_prob; the most likely first, equals in the order they came."""
    best: dict[str, Proposal] = {}
    for proposal in proposals:
        known = best.get(proposal.tactic)
        if known is None or proposal.log_prob > known.log_prob:
            best.pop(proposal.tactic, None)
            best[proposal.tactic] = proposal
    return sorted(best.values(), key=lambda proposal: -proposal.log_prob)


def _run(env: Environment[S], node: Node[S], proposals: list[Proposal]) -> Sequence[Outcome[S]]:
    if not proposals:
        return ()
    outcomes = env.step(node.state, [proposal.tactic for proposal in proposals])
    stopped = bool(outcomes) and isinstance(outcomes[-1], Closed) and len(outcomes) < len(proposals)
    if len(outcomes) != len(proposals) and not stopped:
        raise ValueError(f"the environment gave {len(outcomes)} outcomes for {len(proposals)} tactics")
    return outcomes


def _add_edges(
    graph: SearchGraph[S],
    node: Node[S],
    proposals: list[Proposal],
    outcomes: Sequence[Outcome[S]],
    untried: dict[int, list[Proposal]],
) -> list[Edge]:
    """An edge for each outcome; proposals behind the one that closed the node are kept for when it is refused."""
    if len(outcomes) < len(proposals):
        untried[node.id] = proposals[len(outcomes) :]
    return [_add_edge(graph, node, *pair) for pair in zip(proposals, outcomes, strict=False)]


def _add_edge(graph: SearchGraph[S], node: Node[S], proposal: Proposal, outcome: Outcome[S]) -> Edge:
    match outcome:
        case Advanced(parts, instead):
            return graph.add_edge(node, _written(proposal, instead), parts)
        case Closed(instead):
            return graph.add_edge(node, _written(proposal, instead), ())
        case Rejected(error):
            return graph.add_edge(node, proposal, (), error)
        case TimedOut(seconds):
            return graph.add_edge(node, proposal, (), f"timed out after {seconds:g} s")
        case _:
            assert_never(outcome)


def _written(proposal: Proposal, instead: str | None) -> Proposal:
    return proposal if instead is None else replace(proposal, tactic=instead)


def _open(
    frontier: Frontier[int], graph: SearchGraph[S], critic: Critic[S] | None, edges: list[Edge]
) -> None:
    """Queue the active child of each edge, and what waits below the children that are expanded already."""
    opened: dict[int, Node[S]] = {}
    expanded: list[Node[S]] = []
    for edge in edges:
        child = graph.active_child(edge)
        if child is None:
            continue
        if child.expanded is not None:
            expanded.append(child)
            continue
        _value(graph, critic, child)
        log_prob, depth = graph.path(edge)
        priority = graph.priority(log_prob, depth, child.value)
        if priority > child.priority or not (child.queued or child.id in opened):
            child.log_prob, child.depth, child.priority = log_prob, depth, priority
            opened[child.id] = child
    _push(frontier, opened.values())
    for child in expanded:
        _push(frontier, graph.unqueued_leaves(child))


def _value(graph: SearchGraph[S], critic: Critic[S] | None, node: Node[S]) -> None:
    """Ask the critic once for each node, and not at all when its answer has no weight."""
    if critic is not None and graph.priority.critic_weight > 0 and node.value is None:
        node.value = critic.value(node.state)
        node.priority = graph.priority(node.log_prob, node.depth, node.value)


def _push(frontier: Frontier[int], nodes: Iterable[Node[S]]) -> None:
    batch = list(nodes)
    for node in batch:
        node.queued = True
    frontier.push([(node.id, node.priority) for node in batch])


def _pop_live(frontier: Frontier[int], graph: SearchGraph[S]) -> Node[S] | None:
    """The next node worth an expansion; it counts as queued until it is expanded."""
    while len(frontier) > 0:
        node = graph.nodes[frontier.pop()]
        if node.expanded is None and graph.is_live(node):
            return node
        node.queued = False
    return None
