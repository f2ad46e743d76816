"""The workbench in a real browser; skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium on the PATH (on Debian: the package chromium)"),
    # Playwright leaves the closing of its event loop to the end of the process.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PATIENCE_MS = 240_000
SWAP = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry\n"
HOSTILE = "<img/src=x/onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page that notes everything a browser would complain about."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def write(page: Any, text: str) -> None:
    page.fill("#text", text)


def theorem(page: Any, name: str) -> Any:
    return page.locator("#theorems li", has=page.locator("bdi", has_text=name))


def test_a_theorem_is_proved_from_the_page_and_the_proof_put_into_the_file(page: Any, lean_address: str) -> None:
    page.goto(lean_address)
    write(page, SWAP)
    theorem(page, "swap").get_by_role("button", name="Prove").click()
    page.locator("#job section.proof").wait_for()
    assert page.locator("#job .jobhead .word").inner_text() == "proved"
    assert page.locator("#job svg.tree g.state").count() >= 1
    page.locator("#job svg.tree g.state").first.click()
    assert "⊢ q ∧ p" in page.locator("#job .panel").inner_text()
    page.locator("#use").click()
    proof = page.locator("#job section.proof code").inner_text().splitlines()
    assert page.input_value("#text") == SWAP.replace("  sorry", "\n".join(f"  {line}" for line in proof))
    page.get_by_text("No theorem with sorry").wait_for()


def test_suggestions_at_the_cursor_are_taken_with_the_keyboard(page: Any, lean_address: str) -> None:
    page.goto(lean_address)
    write(page, SWAP)
    page.evaluate("() => { const t = document.getElementById('text'); t.focus(); t.setSelectionRange(55, 55); }")
    page.keyboard.press("Control+Space")
    page.locator(".suggestion .closes").first.wait_for()
    assert "⊢ q ∧ p" in page.locator("#suggestions .goal").inner_text()
    tactic = page.locator(".suggestion > button").first.inner_text()
    page.keyboard.press("Enter")
    assert page.input_value("#text") == SWAP.replace("sorry", tactic)


def test_a_search_is_watched_while_it_grows_and_cancelled(page: Any, address: str, stub: Any) -> None:
    stub.proved_at, stub.step_s = None, 0.1
    page.goto(address)
    write(page, SWAP)
    theorem(page, "swap").get_by_role("button", name="Prove").click()
    states = page.locator("#job .scroller g.state")
    states.nth(2).wait_for()
    states.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#job .panel h4").inner_text() == "State 1"
    before = states.count()
    states.nth(before + 2).wait_for()  # it grew, and the chosen state stayed chosen
    assert page.locator("#job .panel h4").inner_text() == "State 1"
    page.locator("#cancel").click()
    page.locator("#job .word", has_text="cancelled").wait_for()
    assert stub.cancelled == 1
    assert theorem(page, "swap").locator(".word").inner_text() == "cancelled"


def test_a_malicious_name_shows_as_text(page: Any, address: str) -> None:
    page.goto(address)
    write(page, f"theorem {HOSTILE} : 1 = 1 := by\n  sorry\n")
    theorem(page, "onerror").get_by_role("button", name="Prove").click()
    page.locator("#job section.proof").wait_for()
    assert page.locator("#theorems .name").inner_text() == HOSTILE
    assert page.locator("#job h2").inner_text() == HOSTILE
    page.locator("#earlier summary").click()
    assert HOSTILE in page.locator("#jobs").inner_text()
    assert page.locator("img").count() == 0 and page.title() == "Proofsmith"


def test_the_page_fits_a_phone_and_finds_premises_and_runs(page: Any, address: str) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto(f"{address}/#premises")
    page.fill("#premises-query", "add zero")
    page.keyboard.press("Enter")
    page.get_by_text("Nat.add_zero (n : Nat) : n + 0 = n").wait_for()
    page.get_by_role("link", name="Runs").click()
    page.get_by_text("No run yet").wait_for()
    page.get_by_role("link", name="Prove").click()
    page.locator("#theorems li").first.wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 375


def test_a_token_in_the_address_opens_the_page_and_leaves_the_address(page: Any, make_server: Any) -> None:
    from prover.server.app import background

    with background(make_server(token="t" * 20)) as address:
        page.goto(f"{address}/#token={'t' * 20}")
        page.locator("#theorems li").first.wait_for()
        assert "token" not in page.url
