"""The page of a run as a file: what is in it, and that nothing in it can get out of its place."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from prover.prove.report.page import TEMPLATES, write_report
from prover.prove.report.text import UNSEEN, duration, visible
from prover.prove.report.tree import LIMITS, proof_edges, prune

HOSTILE = [
    "</script><img src=x onerror=\"document.title='owned'\">",
    "<!--<script>alert(1)</script>",
    "\"' onmouseover='alert(1)' x=\"",
    "{{ 7 * 7 }} {% raw %} &lt;b&gt; ${1}",
    "\u202enimda\u202c אבג مرحبا \u2066x\u2069",
    "nul\0bell\x07escape\x1b[31m",
    b"caf\xe9\xff".decode("utf-8", "surrogateescape"),
    "half a pair: \ud83d, line\u2028paragraph\u2029end",
]


class Page(HTMLParser):
    """The elements of a page, the text outside scripts and styles, and what is inside the scripts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.elements[-1] if self.elements else ("", {})
        if tag == "script" and self.scripts[-1] == (attributes, ""):
            self.scripts[-1] = (attributes, data)
        elif tag != "style":
            self.text += data

    def data(self, id: str) -> Any:
        return json.loads(next(text for attributes, text in self.scripts if attributes.get("id") == id))


def result(id: str = "a.lean:t", **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "name": "List.length_append_comm",
        "file": "a.lean",
        "status": "proved",
        "proof": "by simp [Nat.add_comm]",
        "seconds": 1.25,
        "expansions": 3,
        "reason": None,
        "statement": "theorem t (xs ys : List α) : (xs ++ ys).length = ys.length + xs.length",
        "tactics_run": 41,
        "lean_seconds": 1.0,
        "axioms": ["propext"],
        "closed_by": {"symbolic.simp": 1},
    } | changes


def node(id: int, status: str = "open", state: str = "⊢ p", **changes: Any) -> dict[str, Any]:
    return {
        "id": id, "state": state, "status": status, "depth": 1, "priority": -1.0, "expanded": None
    } | changes  # fmt: skip


def edge(
    id: int, parent: int, children: list[int], status: str = "open", error: str | None = None
) -> dict[str, Any]:
    return {
        "id": id, "parent": parent, "children": children, "tactic": f"tactic {id}", "log_prob": -1.0,
        "proposer": "symbolic", "status": status, "error": error,
    }  # fmt: skip


def chain(length: int, width: int) -> dict[str, Any]:
    """A root with `width` dead ends, better than the proof of `length` tactics beside them."""
    nodes = [node(n, "closed", f"⊢ step {n}", priority=-float(n)) for n in range(length)]
    edges = [edge(n, n, [n + 1] if n + 1 < length else [], "closed") for n in range(length)]
    for n in range(length, length + width):
        nodes.append(node(n, state=f"⊢ side {n}", priority=-n / 1e6))
        edges.append(edge(n, 0, [n]))
    return {"root": 0, "nodes": nodes, "edges": edges}


def written(out: Path, results: list[dict[str, Any]], trees: dict[str, Any] | None = None, **run: Any) -> str:
    return write_report(out, run, results, trees or {}).read_text("utf-8")


def test_nothing_is_asked_of_the_network(tmp_path: Path) -> None:
    source = written(tmp_path, [result()], {"a.lean:t": chain(3, 2)}, title="Run", lean="4.15.0")
    assert set(re.findall(r"[a-z]+://[^\s\"'<]+", source)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(|\bimport\b\s*[({\"']|fetch\(|XMLHttpRequest|sendBeacon", source)
    for tag, attributes in Page(source).elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert not {"src", "srcset", "action", "style"} & attributes.keys(), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")]


def test_the_policy_permits_our_one_script_and_style_only(tmp_path: Path) -> None:
    source = written(tmp_path, [result(name=HOSTILE[0])])
    policy = next(
        a["content"] or "" for t, a in Page(source).elements if "Security" in (a.get("http-equiv") or "")
    )
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for kind, pattern in [("script-src", "<script>(.*?)</script>"), ("style-src", "<style>(.*?)</style>")]:
        (inline,) = re.findall(pattern, source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert directives[kind] == f"'sha256-{digest}'"
    assert "unsafe" not in policy


def test_our_script_never_parses_html() -> None:
    for path in TEMPLATES.glob("*.js"):
        assert not re.search(
            "innerHTML|outerHTML|insertAdjacentHTML|document.write|eval\\(|DOMParser", path.read_text("utf-8")
        ), path


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_everywhere(tmp_path: Path, text: str) -> None:
    tree = {
        "root": 0,
        "nodes": [node(0, state=text)],
        "edges": [edge(0, 0, [], "failed", text) | {"tactic": text, "proposer": text}],
    }
    hostile = result(
        id=text,
        name=text,
        file=text,
        proof=text,
        statement=text,
        reason=text,
        axioms=[text],
        closed_by={text: 2},
    )
    run = dict.fromkeys(("title", "command", "lean", "proofsmith", "commit", "started"), text)
    calm = Page(written(tmp_path / "calm", [result()], {"a.lean:t": chain(1, 0)}, notes=["x"], **run))
    page = Page(written(tmp_path, [hostile], {text: tree}, notes=[text], **run))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in calm.elements]
    assert [sorted(a) for _, a in page.elements] == [sorted(a) for _, a in calm.elements]
    assert page.text.count(visible(text).split("\n")[0]) >= 8
    assert page.data("data-0")["proof"] == text
    assert page.data("tree-0")["strings"][page.data("tree-0")["nodes"][0]["state"]] == text


def test_what_cannot_be_seen_is_shown_by_its_number() -> None:
    assert visible("a\u202eb\0c\udcffd\ud800") == "a⟨U+202E⟩b⟨U+0000⟩c⟨byte FF⟩d⟨U+D800⟩"
    assert visible("α → β\n\t⊢ ∀ x, x ∈ xs\r\nאבג") == "α → β\n\t⊢ ∀ x, x ∈ xs\nאבג"


def test_script_and_python_agree_on_what_cannot_be_seen() -> None:
    script = (TEMPLATES / "tree.js").read_text("utf-8")
    ours = re.search(r"UNSEEN = /(.*)/gu", script)
    assert ours
    pattern = re.compile(re.sub(r"\\0", r"\\x00", ours[1]))
    points = [chr(code) for code in range(0x11000)]
    assert [p for p in points if pattern.match(p)] == [p for p in points if UNSEEN.match(p)]


def test_each_theorem_has_its_own_address(tmp_path: Path) -> None:
    ids = ["a/b.lean:x y", "ℕ#%", HOSTILE[6], "a/b.lean:x%20y"]
    page = Page(written(tmp_path, [result(id=i) for i in ids]))
    found = [a["id"] for tag, a in page.elements if tag == "tbody"]
    assert found[0] == "t-a%2Fb.lean%3Ax%20y" and len(set(found)) == len(ids)


def test_missing_trees_and_keys_are_tolerated(tmp_path: Path) -> None:
    bare = {"id": "b", "status": "strange"}
    broken = {"nodes": [node(1)], "edges": [], "root": 7}
    page = Page(written(tmp_path, [result(), bare, result("c")], {"c": broken, "other": chain(2, 0)}))
    assert not [a for a, _ in page.scripts if "tree" in (a.get("id") or "")]
    assert "1 of" not in page.text and "2 of 3 theorems proved" in " ".join(page.text.split())


@pytest.mark.parametrize("results", [[], [result(status="failed", seconds=None, proof=None)]])
def test_a_run_without_proofs_has_a_page(tmp_path: Path, results: list[dict[str, Any]]) -> None:
    assert "0 of" in " ".join(Page(written(tmp_path, results, seconds=math.nan)).text.split())


def test_people_read_not_proved_rather_than_failed(tmp_path: Path) -> None:
    page = Page(written(tmp_path, [result(status="failed", reason="the budget of 60 s ran out")]))
    assert "not proved" in page.text and "failed" not in page.text


def test_a_big_tree_is_pruned_and_counts_what_is_left_out() -> None:
    tree = prune(chain(50, 2000), LIMITS[0])
    assert tree is not None
    assert len(tree["nodes"]) == 400 and tree["left_out"] == 1650 and tree["total"] == 2050
    assert tree["nodes"][0]["more_edges"] == 1650


def test_pruning_keeps_the_proof_and_then_the_best_priority() -> None:
    tree = prune(chain(50, 2000), LIMITS[0])
    assert tree is not None
    assert [n["id"] for n in tree["nodes"]] == [*range(50), *range(50, 400)]
    assert [n["id"] for n in tree["nodes"] if n["proof"]] == [*range(50)]
    assert sum(e["proof"] for e in tree["edges"]) == 50


def test_every_drawn_tactic_hangs_from_a_drawn_state() -> None:
    tree = prune(chain(500, 500), LIMITS[1])
    assert tree is not None
    arrived = {0}
    for one in tree["edges"]:
        assert one["parent"] in arrived
        arrived.update(one["children"])
    assert arrived == set(range(len(tree["nodes"])))


def test_failed_tactics_are_kept_up_to_a_limit_and_the_rest_is_counted() -> None:
    nodes, edges = [node(0, "failed")], [edge(n, 0, [], "failed", "omega failed " * 99) for n in range(45)]
    tree = prune({"root": 0, "nodes": nodes, "edges": edges}, LIMITS[0])
    assert tree is not None
    (root,) = tree["nodes"]
    assert len(root["failures"]) == 40 and root["more_failures"] == 5
    assert "more characters" in tree["strings"][root["failures"][0]["error"]]


def test_a_proof_is_found_in_a_graph_with_cycles() -> None:
    nodes = [node(0, "closed"), node(1, "closed")]
    edges = [edge(0, 0, [1], "closed"), edge(1, 0, [], "closed"), edge(2, 1, [0], "closed")]
    assert proof_edges({"root": 0, "nodes": nodes, "edges": edges}) == {0: 1, 1: 2}


def test_numbers_that_are_not_finite_do_not_break_the_page(tmp_path: Path) -> None:
    tree = {"root": 0, "nodes": [node(0, priority=-math.inf)], "edges": []}
    page = Page(written(tmp_path, [result(seconds=math.nan, lean_seconds=math.inf)], {"a.lean:t": tree}))
    assert page.data("tree-0")["nodes"][0]["priority"] is None


def test_many_large_trees_stay_within_the_size_of_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.prove.report.tree.MAX_TREES_MB", 1)
    trees = {str(n): chain(20, 1000) for n in range(40)} | {"small": chain(2, 1)}
    source = written(tmp_path, [result(id) for id in trees], trees)
    assert len(source) < 1_300_000
    assert Page(source).data("tree-40")["left_out"] == 0


def test_five_hundred_theorems_are_written_in_seconds(tmp_path: Path) -> None:
    tree = chain(30, 100)
    results = [result(str(n)) for n in range(500)]
    start = time.perf_counter()
    source = written(tmp_path, results, {str(n): tree for n in range(500)})
    assert time.perf_counter() - start < 20
    assert len(source) < 30_000_000


def test_the_report_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, [result()], title="the first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        written(tmp_path, [result()], title="the second")
    assert "the first" in (tmp_path / "report.html").read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_link_in_place_of_the_report_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").symlink_to(tmp_path / "outside")
    written(tmp_path / "out", [result()])
    assert (tmp_path / "outside").read_text() == "mine"
    assert not (tmp_path / "out" / "report.html").is_symlink()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.00 s"), (0.4251, "0.43 s"), (9.996, "10.0 s"), (60, "60 s"), (125, "2 min 05 s"),
     (3780, "1 h 03 min"), (None, "–"), (math.nan, "–")],
)  # fmt: skip
def test_numbers_have_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
