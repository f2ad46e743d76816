import json
import re
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import Part, Priority, ProofTree, Proposal, SearchGraph, SearchResult, to_dot, to_graphml, to_json, to_networkx
from tests.search.and_or_game import Game


def small_result() -> SearchResult[str]:
    """One of each: a failed tactic, a timeout, a refused candidate, a split with the same goal twice."""
    game = Game(
        {
            "root": {"simp": "simp made no progress", "bad": [], "split": ["a", "b", "a"], "decide": 2.5},
            "a": {"rfl": []},
            "b": {"omega": [], "intro": ["c"]},
        },
        {("root", "simp"): -0.5, ("root", "decide"): -4.0, ("b", "omega"): -0.25},
    )
    result = game.search(accept=lambda proof: proof != ProofTree("bad"), priority=Priority(alpha=0.0))
    assert result.candidate == ProofTree("split", (ProofTree("rfl"), ProofTree("omega"), ProofTree("rfl")))
    return result


def small_graph() -> SearchGraph[str]:
    return small_result().graph


def small_tree() -> dict[str, Any]:
    result = small_result()
    return to_json(result.graph, result.scores)


def one_step(text: str) -> SearchGraph[int]:
    """A state and a tactic and an error that are all `text`."""
    graph = SearchGraph(Part(0, 0, text))
    graph.begin_visit(graph.root)
    graph.add_edge(graph.root, Proposal(text, -1.0, text), (), text)
    graph.update(graph.root)
    return graph


TREE = {
    "root": 0,
    "nodes": [
        {"id": 0, "state": "⊢ root", "status": "closed", "depth": 0, "priority": 0.0, "expanded": 1, "visits": 1},
        {"id": 1, "state": "⊢ a", "status": "closed", "depth": 1, "priority": -1.0, "expanded": 2, "visits": 1},
        {"id": 2, "state": "⊢ b", "status": "closed", "depth": 1, "priority": -1.0, "expanded": 3, "visits": 1},
        {"id": 3, "state": "⊢ c", "status": "open", "depth": 2, "priority": -2.0, "expanded": None, "visits": 0},
    ],
    "edges": [
        {
            "id": 0,
            "parent": 0,
            "children": [],
            "tactic": "simp",
            "log_prob": -0.5,
            "proposer": "game",
            "visit": 0,
            "status": "failed",
            "error": "simp made no progress",
        },
        {
            "id": 1,
            "parent": 0,
            "children": [],
            "tactic": "bad",
            "log_prob": -1.0,
            "proposer": "game",
            "visit": 0,
            "status": "failed",
            "error": "this completed a proof that was not accepted",
        },
        {
            "id": 2,
            "parent": 0,
            "children": [1, 2, 1],
            "tactic": "split",
            "log_prob": -1.0,
            "proposer": "game",
            "visit": 0,
            "status": "closed",
            "error": None,
        },
        {
            "id": 3,
            "parent": 0,
            "children": [],
            "tactic": "decide",
            "log_prob": -4.0,
            "proposer": "game",
            "visit": 0,
            "status": "failed",
            "error": "timed out after 2.5 s",
        },
        {
            "id": 4,
            "parent": 1,
            "children": [],
            "tactic": "rfl",
            "log_prob": -1.0,
            "proposer": "game",
            "visit": 0,
            "status": "closed",
            "error": None,
        },
        {
            "id": 5,
            "parent": 2,
            "children": [],
            "tactic": "omega",
            "log_prob": -0.25,
            "proposer": "game",
            "visit": 0,
            "status": "closed",
            "error": None,
        },
        {
            "id": 6,
            "parent": 2,
            "children": [3],
            "tactic": "intro",
            "log_prob": -1.0,
            "proposer": "game",
            "visit": 0,
            "status": "open",
            "error": None,
        },
    ],
}


def test_whole_tree_is_the_stored_one() -> None:
    assert small_tree() == TREE


def test_json_is_strict_and_survives_the_way_there_and_back() -> None:
    assert json.loads(json.dumps(small_tree(), allow_nan=False)) == TREE


def test_networkx_view_has_states_and_tactics_and_every_part() -> None:
    view = to_networkx(small_graph())
    kinds = nx.get_node_attributes(view, "kind")
    assert sorted(kinds.values()) == ["state"] * 4 + ["tactic"] * 7
    assert all(kinds[start] != kinds[end] for start, end in view.edges())
    parts = sorted((data["position"], child) for _, child, data in view.out_edges("t2", data=True))
    assert parts == [(0, "s1"), (1, "s2"), (2, "s1")]
    assert list(view.predecessors("t2")) == ["s0"]


def test_networkx_attributes_fit_graphml() -> None:
    view = to_networkx(small_graph())
    attributes = [data for _, data in view.nodes(data=True)] + [data for *_, data in view.edges(data=True)]
    assert {type(value) for data in attributes for value in data.values()} == {str, int, float}


def test_graphml_can_be_read_back() -> None:
    graph = small_graph()
    read, view = nx.parse_graphml(to_graphml(graph), force_multigraph=True), to_networkx(graph)
    assert dict(read.nodes(data=True)) == dict(view.nodes(data=True))
    assert sorted(read.edges()) == sorted(view.edges())


@given(text=st.text(st.characters()))
def test_graphml_is_valid_xml_whatever_the_text(text: str) -> None:
    """Only what XML forbids is lost; XML itself turns carriage returns into newlines."""
    root = ElementTree.fromstring(to_graphml(one_step(text)).encode())
    texts = [data.text or "" for data in root.iter("{http://graphml.graphdrawing.org/xmlns}data")]
    allowed = "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
    assert texts.count(allowed.replace("\r\n", "\n").replace("\r", "\n")) >= 4


def test_control_characters_and_lone_surrogates_are_left_out() -> None:
    graphml = to_graphml(one_step("a\x00b\x1b[31mc\ud800d"))
    assert "ab[31mcd" in graphml
    assert "ab[31mcd" in to_dot(one_step("a\x00b\x1b[31mc\ud800d"))


def dot_strings(dot: str) -> list[str]:
    """The quoted strings of a DOT file as its lexer sees them: only \\" is an escape."""
    return [match.replace('\\"', '"') for match in re.findall(r'"((?:\\.|[^"\\])*)"', dot, re.DOTALL)]


@given(text=st.text(st.sampled_from('a"\\\n;]{}<>∀')))
def test_dot_string_holds_any_tactic(text: str) -> None:
    dot = to_dot(one_step(text))
    escaped = "".join(line.replace("\\", "\\\\") + "\\l" for line in text.splitlines())
    assert dot_strings(dot) == [escaped, escaped]
    assert len(dot.splitlines()) == 5  # no tactic breaks its line


def test_dot_names_parts_in_order() -> None:
    dot = to_dot(small_graph())
    assert '  t2 -> s1 [label="1"];\n  t2 -> s2 [label="2"];\n  t2 -> s1 [label="3"];\n' in dot
    assert "  t6 -> s3;\n" in dot
    assert dot.count("{") == dot.count("}") == 1


@pytest.mark.parametrize(("name", "colour"), [("s0", "palegreen"), ("s3", "white"), ("t0", "lightgrey")])
def test_dot_colours_by_status(name: str, colour: str) -> None:
    assert re.search(rf"^  {name} \[.*fillcolor={colour},", to_dot(small_graph()), re.MULTILINE)
