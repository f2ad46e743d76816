import search


def test_public_names() -> None:
    assert search.__all__ == [
        "Advanced",
        "BestFirst",
        "BreadthFirst",
        "Budget",
        "Closed",
        "Critic",
        "DepthFirst",
        "Edge",
        "Environment",
        "Frontier",
        "Node",
        "Outcome",
        "Part",
        "Policy",
        "Priority",
        "ProofTree",
        "Proposal",
        "Rejected",
        "SearchGraph",
        "SearchResult",
        "Status",
        "TimedOut",
        "best_first",
        "to_dot",
        "to_graphml",
        "to_json",
        "to_networkx",
    ]
    assert all(hasattr(search, name) for name in search.__all__)
