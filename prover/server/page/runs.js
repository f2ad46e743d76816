// Past batches, and the search for premises.
"use strict";

async function listRuns() {
  const box = document.getElementById("runs");
  try {
    const runs = await askJson("GET", "/v1/runs");
    if (!runs.length) return box.replaceChildren(el("li", {}, "No run yet: proofsmith prove FOLDER makes one."));
    box.replaceChildren(...runs.map((run) => {
      const open = action("Report", async () => {
        const tab = window.open("about:blank", "_blank"); // within the click, or the browser blocks it
        try {
          const { address } = await askJson("POST", `/v1/runs/${encodeURIComponent(run.name)}/ticket`);
          tab.opener = null;
          tab.location = new URL(address, location.href);
        } catch (error) {
          tab?.close();
          complain(error);
        }
      });
      const facts = [run.started, run.lean && `Lean ${run.lean}`, run.commit && `commit ${run.commit}`, run.command].filter(Boolean).join(" · ");
      const share = run.total ? (run.proved || 0) / run.total : 0;
      return el("li", {},
        el("h3", {}, el("bdi", {}, run.name)), run.report ? open : el("span", { class: "aside" }, "no report"),
        el("span", { class: "figures line" }, `${run.proved ?? "?"} of ${run.total} proved${run.seconds ? ` in ${Math.round(run.seconds)} s` : ""}`),
        shape("svg", { class: "bar line", width: "100%", height: "8", preserveAspectRatio: "none", viewBox: "0 0 1000 8", "aria-hidden": "true" }, shape("rect", { class: "proved", width: Math.round(share * 1000), height: 8 })),
        el("span", { class: "aside line" }, facts));
    }));
  } catch (error) {
    complain(error);
  }
}

let finding = null;
document.getElementById("premises-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = document.getElementById("premises-query").value.trim(), status = document.getElementById("premises-state");
  if (!query) return;
  finding?.abort();
  const mine = finding = new AbortController();
  status.textContent = "looking …";
  try {
    const { premises } = await askJson("POST", "/v1/premises", { query, limit: 40 }, mine.signal);
    status.textContent = premises.length ? "" : "Nothing fits.";
    document.getElementById("premises").replaceChildren(...premises.map((one) => {
      const copying = action("Copy name", () => copy(one.name, copying));
      return el("li", {}, el("code", { class: "name" }, one.name), " ", copying, el("br", {}), el("code", { class: "aside" }, one.signature));
    }));
  } catch (error) {
    if (error.name !== "AbortError") status.textContent = error.message;
  }
});
