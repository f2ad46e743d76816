"""The page of a run in a real browser; skipped where there is none."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from prover.prove.report.page import write_report

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="needs Chromium on the PATH (on Debian: the package chromium)"
)

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">\u202eא\0\udcff"
SHOWN = "</script><img src=x onerror=\"document.title='owned'\">⟨U+202E⟩א⟨U+0000⟩⟨byte FF⟩"
DRIVER = """
const violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
const press = (key) =>
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const told = (() => { %s })();
setTimeout(() => { document.title = JSON.stringify([told, violations]); }, 50);
"""


class Dom(HTMLParser):
    """A dumped document: its elements, each with its class, and the text outside scripts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.title = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        last = self.elements[-1][0] if self.elements else ""
        if last == "title" and not self.title:
            self.title = data
        elif last not in ("script", "style"):
            self.text += data

    def count(self, tag: str, name: str) -> int:
        return sum(t == tag and name in (a.get("class") or "").split() for t, a in self.elements)


def load(page: Path, fragment: str = "") -> Dom:
    assert BROWSER is not None
    done = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         f"--user-data-dir={page.parent / 'profile'}", "--virtual-time-budget=5000", "--dump-dom",
         page.as_uri() + fragment],
        capture_output=True, encoding="utf-8", errors="replace", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Dom(done.stdout)


def drive(page: Path, script: str) -> Dom:
    """Load the page with one more script that its policy is told to permit; what it returns is the title."""
    code = DRIVER % script
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    source = page.read_text("utf-8").replace("script-src '", f"script-src 'sha256-{digest}' '", 1)
    driven = page.with_name("driven.html")
    driven.write_text(source.replace("</body>", f"<script>{code}</script></body>"), "utf-8")
    return load(driven)


def node(id: int, state: str, status: str, expanded: int | None = None) -> dict[str, Any]:
    return {
        "id": id, "state": state, "status": status, "depth": id, "priority": -id / 2, "expanded": expanded
    }  # fmt: skip


def edge(
    id: int, parent: int, children: list[int], tactic: str, status: str, error: str | None = None
) -> Any:
    return {
        "id": id, "parent": parent, "children": children, "tactic": tactic, "log_prob": -0.5,
        "proposer": "symbolic.simp", "status": status, "error": error,
    }  # fmt: skip


TREE = {
    "root": 0,
    "nodes": [
        node(0, "xs ys : List α\n⊢ (xs ++ ys).length = ys.length + xs.length", "closed", 1),
        node(1, "⊢ ([] ++ ys).length = ys.length + 0", "closed", 2),
        node(2, "ih : p\n⊢ (x :: xs ++ ys).length = ys.length + (xs.length + 1)", "closed", 3),
        node(3, f"h : {HOSTILE}\n⊢ {HOSTILE}", "open"),
    ],
    "edges": [
        edge(0, 0, [1, 2], "induction xs with _", "closed"),
        edge(1, 0, [3], HOSTILE, "open"),
        edge(2, 0, [], "omega", "failed", f"omega could not prove the goal {HOSTILE}"),
        edge(3, 1, [], "simp", "closed"),
        edge(4, 2, [], "simp_all <;> omega", "closed"),
        edge(5, 3, [0], "exact?", "open"),
    ],
}


def result(id: str, name: str, status: str, seconds: float) -> dict[str, Any]:
    return {
        "id": id, "name": name, "file": "a.lean", "status": status, "proof": f"by {name}", "seconds": seconds,
        "expansions": 3, "reason": None, "statement": f"theorem {name} : p", "tactics_run": 9,
    }  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = [
        result("x:quick", "quick_10", "proved", 0.5),
        result(HOSTILE, HOSTILE, "proved", 30),
        result("x:slow", "slow_9", "failed", 2),
    ]
    out = tmp_path_factory.mktemp("report")
    return write_report(out, {"title": HOSTILE}, results, {"x:quick": TREE, HOSTILE: TREE})


def address(page: Path, number: int) -> str:
    ids: list[str] = re.findall('<tbody class="theorem" id="([^"]*)"', page.read_text("utf-8"))
    return f"#{ids[number]}"


def test_hostile_names_show_as_text(page: Path) -> None:
    dom = load(page)
    assert "owned" in dom.title and dom.title.endswith(f"proved – {SHOWN}")
    assert not [tag for tag, _ in dom.elements if tag == "img"]
    assert dom.text.count(SHOWN) >= 2


def test_no_tree_is_drawn_before_its_theorem_is_opened(page: Path) -> None:
    assert load(page).count("tr", "detail") == 0


@pytest.mark.parametrize("number", [0, 1])
def test_the_address_of_a_theorem_opens_it_and_draws_its_tree(page: Path, number: int) -> None:
    dom = load(page, address(page, number))
    assert dom.count("tbody", "open") == 1 and dom.count("tr", "detail") == 1
    assert dom.count("g", "state") == 4 + 3  # three are in the legend
    assert dom.count("g", "reference") == 1
    assert dom.count("rect", "closed") == 2 + 1
    assert "induction xs with _" in dom.text and "theorem" in dom.text


def test_hostile_proofs_and_states_show_as_text(page: Path) -> None:
    dom = load(page, address(page, 1))
    assert f"by {SHOWN}" in dom.text
    assert not [tag for tag, _ in dom.elements if tag == "img"]


def test_an_address_typed_by_hand_opens_its_theorem(page: Path) -> None:
    assert load(page, "#t-x:quick").count("tbody", "open") == 1


def test_an_unknown_address_opens_nothing(page: Path) -> None:
    assert load(page, "#t-%E0%A4%A").count("tbody", "open") == 0


def test_a_theorem_without_a_tree_says_so(page: Path) -> None:
    assert "No search tree was kept" in load(page, address(page, 2)).text


def test_a_click_opens_and_closes_a_theorem(page: Path) -> None:
    script = """
      const button = document.querySelector("tbody.theorem .name button"), states = [];
      for (let i = 0; i < 3; i += 1) { button.click(); states.push(button.getAttribute("aria-expanded")); }
      return states;
    """
    assert drive(page, script).title == '[["true","false","true"],[]]'


def test_the_table_is_sorted_by_numbers_and_by_names(page: Path) -> None:
    script = """
      const names = () => [...document.querySelectorAll("tbody .expansions, tbody .seconds")]
        .filter((cell) => cell.matches(".seconds")).map((cell) => cell.textContent);
      const told = [];
      for (const key of ["seconds", "seconds", "status"]) {
        document.querySelector(`[data-key=${key}]`).click();
        told.push(names().join());
      }
      return told;
    """
    expected = '[["0.50 s,2 s,30 s","30 s,2 s,0.50 s","0.50 s,30 s,2 s"],[]]'
    assert drive(page, script).title == expected


def test_theorems_are_found_by_text_and_by_status(page: Path) -> None:
    script = """
      const shown = () => [...document.querySelectorAll("tbody.theorem")].filter((b) => !b.hidden).length;
      const find = document.getElementById("find"), told = [];
      const type = (text) => {
        find.value = text;
        find.dispatchEvent(new Event("input", { bubbles: true }));
        told.push(shown());
      };
      type("QUICK"); type("a.lean"); type("nowhere"); type("");
      document.querySelector("[value=failed]").click();
      told.push(shown(), document.getElementById("shown").textContent);
      return told;
    """
    assert drive(page, script).title == '[[1,3,0,3,1,"1 of 3 theorems"],[]]'


def test_the_keyboard_walks_the_tree_and_shows_goals(page: Path) -> None:
    script = """
      document.querySelector("tbody.theorem .name button").click();
      document.querySelector(".scroller .state").focus();
      const told = [], look = () => told.push(document.querySelector(".panel h4").textContent);
      look();
      for (const key of ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"]) { press(key); look(); }
      return told;
    """
    assert drive(page, script).title == '[["State 0","State 1","State 2","State 3","State 0"],[]]'


def test_a_state_lists_the_tactics_that_lean_refused(page: Path) -> None:
    dom = load(page, address(page, 0))
    assert "1 tactic that Lean refused" in dom.text
    assert f"omega could not prove the goal {SHOWN}" in dom.text


def test_only_the_proof_can_be_shown_and_a_reference_leads_out_of_it(page: Path) -> None:
    script = """
      document.querySelector("tbody.theorem .name button").click();
      const count = () => document.querySelectorAll(".scroller .state").length, told = [count()];
      document.querySelector(".treebar input").click();
      told.push(count());
      [...document.querySelectorAll(".panel button")].at(-1).click();
      told.push(count(), document.querySelector(".panel h4").textContent);
      return told;
    """
    assert drive(page, script).title == '[[4,3,4,"State 3"],[]]'
