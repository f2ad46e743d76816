// Which view is shown, and the server's state in the corner.
"use strict";

const views = ["prove", "runs", "premises"];

function showView() {
  const wanted = location.hash.slice(1), view = views.includes(wanted) ? wanted : "prove";
  for (const one of views) document.getElementById(`view-${one}`).hidden = one !== view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "runs") listRuns();
  if (view === "premises") document.getElementById("premises-query").focus();
}

async function showServer() {
  try {
    const { lean, requests, jobs } = await askJson("GET", "/v1/status");
    const work = jobs.running + jobs.waiting;
    document.getElementById("server").textContent =
      `Lean ${lean.split(",")[0]}${work ? ` · ${plural(work, "search", "searches")}` : ""}${requests.waiting ? ` · ${requests.waiting} waiting` : ""}`;
  } catch (error) {
    document.getElementById("server").textContent = error.message;
  }
}

addEventListener("hashchange", showView);
emptyPanel();
let kept = null;
try { kept = localStorage.getItem("text"); } catch { /* forbidden: begin with the example */ }
setText(kept || EXAMPLE);
showView();
showServer();
setInterval(() => { if (!document.hidden) showServer(); }, 5000);
listJobs().catch(complain);
