import search


def test_public_names() -> None:
    assert search.__all__ == [
        "Advanced",
        "BestFirst",
        "Budget",
        "Closed",
        "Edge",
        "Environment",
        "Evaluator",
        "Node",
        "Outcome",
        "Part",
        "Priority",
        "ProofTree",
        "Proposal",
        "Rejected",
        "SearchGraph",
        "SearchResult",
        "Status",
        "Strategy",
        "TimedOut",
        "Visit",
        "search",
        "to_dot",
        "to_graphml",
        "to_json",
        "to_networkx",
    ]
    assert all(hasattr(search, name) for name in search.__all__)
