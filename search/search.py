"""Proof search on an AND/OR graph: the one loop. What is expanded next is a strategy's choice (`search.strategies`).

Algorithm. Ask the strategy which nodes come next, the evaluator what to try on them, run a node's tactics in one
step, add an edge for each, carry closed and failed upwards, tell the strategy. The parts of a state are searched
by themselves and equal states once (`search.graph`).

Invariants.

- Only live nodes are expanded, each at most once a visit and `1 + len(revisits)` times in all. One that the evaluator knows to
  have no proof fails at once, and with it every tactic that needs it.
- A tactic is run once on a node: what an earlier visit offered is left out of a later one. One that the environment stopped to
  be run again (`TimedOut`) has no edge until then.
- A candidate is looked at before the budget; N expansions means exactly N.
- A refused candidate costs the edge that completed it, for good, so refusals end and none is ever returned. The
  tactics that were left out because that edge had closed its node are run then; it is still the same expansion.

Tie-break. Proposals: higher log_prob, then the evaluator's order. Nodes: the strategy's.

Not guaranteed. The edge that completed a refused candidate need not be the culprit, so a refusal may cost a proof
that exists. A candidate that is found is put to `accept` even when the time is over; after a refusal it is not searched on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from search.expansion import Expander
from search.graph import Node, SearchGraph
from search.strategies.strategy import Strategy
from search.types import Budget, Environment, Evaluator, Part, ProofTree, S, SearchResult, Status, Visit


def search(
    env: Environment[S],
    evaluator: Evaluator[S],
    root: Part[S],
    strategy: Strategy[S],
    *,
    budget: Budget,
    accept: Callable[[ProofTree], bool],
    revisits: Sequence[float] = (),
    batch: int = 1,
    clock: Callable[[], float] = time.monotonic,
    cancelled: Callable[[], bool] = lambda: False,
    on_expansion: Callable[[SearchGraph[S], Node[S]], None] | None = None,
) -> SearchResult[S]:
    """Search for a proof of `root` that `accept` takes.

    Args:
        strategy: new; one for each search.
        revisits: for the second, third, … expansion of a state the log-probability that one more is worth its while.
        batch: nodes whose proposals are asked for at a time, at most.
        clock: gives seconds. It and `cancelled` are looked at before each expansion and after a refusal.
        on_expansion: called after each expansion, before `accept`.

    Returns why the search ended, the candidate if there is one, and the graph.

    Raises whatever the environment, the evaluator or a callback raises, and ValueError when a value is not in
    [0, 1] or the environment does not give one outcome for each tactic.

    EXHAUSTED does not mean unprovable: the evaluator may not have offered the right tactic.
    """
    started = clock()
    graph = SearchGraph(root, 1 + len(revisits))
    expander = Expander(env, graph)
    refused = 0

    def values(nodes: Sequence[Node[S]]) -> Sequence[float]:
        found = evaluator.values([Visit(node.state, node.visits) for node in nodes]) if nodes else ()
        for value in found:
            if not 0 <= value <= 1:
                raise ValueError(f"the evaluator's value is {value}; it must be between 0 and 1")
        return found

    def ended(status: Status) -> SearchResult[S]:
        candidate = graph.root.proof if status is Status.FOUND else None
        scores = {node.id: score for node in graph.nodes if (score := strategy.score(node)) is not None}
        seconds = clock() - started
        return SearchResult(status, candidate, graph.expansions, expander.tactics_run, seconds, refused, graph, scores)

    def stopped() -> Status | None:
        if cancelled():
            return Status.CANCELLED
        return Status.OUT_OF_TIME if budget.timeout_s is not None and clock() - started >= budget.timeout_s else None

    def over() -> Status | None:
        return Status.OUT_OF_EXPANSIONS if graph.expansions == budget.max_expansions and not cancelled() else stopped()

    strategy.start(graph, values, revisits)
    while True:
        while graph.root.proof is not None:
            if accept(graph.root.proof):
                return ended(Status.FOUND)
            refused += 1
            if (status := stopped()) is not None:
                graph.refuse()
                return ended(status)
            edges = expander.run_rest(graph.completing_node())
            graph.refuse()
            strategy.refused(edges)

        chosen = strategy.select(batch)
        if not chosen:
            return ended(Status.EXHAUSTED)
        if (status := over()) is not None:
            return ended(status)
        offers = evaluator.proposals([Visit(node.state, node.visits, expander.stopped(node)) for node in chosen])
        for place, (node, proposals) in enumerate(zip(chosen, offers, strict=True)):
            if not graph.is_live(node):  # an earlier node of the batch has settled what it is for
                continue
            if place > 0 and (status := over()) is not None:
                return ended(status)
            edges = expander.expand(node, proposals or ())
            node.hopeless = proposals is None
            strategy.learn(node, edges, graph.update(node))
            if on_expansion is not None:
                on_expansion(graph, node)
