// One search: its progress, its tree as it grows, its proof.
"use strict";

const JOB_WORDS = { waiting: "waiting for its turn", running: "searching", proved: "proved", failed: "not proved", error: "error", cancelled: "cancelled" };
const DOTS = { proved: "proved", failed: "failed", error: "error", cancelled: "failed" };
const jobPanel = document.getElementById("job");
let shown = null; // the search in the panel

function statusWord(status) {
  const dot = DOTS[status] ? [el("span", { class: `dot ${DOTS[status]}` })] : [];
  return el("span", { class: "word" }, ...dot, JOB_WORDS[status] || status);
}
function isOver(job) {
  return !["waiting", "running"].includes(job.status);
}

function emptyPanel() {
  jobPanel.replaceChildren(el("p", { class: "hint" }, "Choose a theorem on the left to prove it, and watch the search here."));
}

// Follows a job to its end, through lost connections; changed(job) is called whenever something is known anew.
async function follow(job, changed, drawn) {
  const told = (name, data) => {
    if (name === "tree") drawn(data);
    else changed(Object.assign(job, data));
  };
  for (let tries = 0; ; tries += 1) {
    try {
      if (await listen(`/v1/prove/${encodeURIComponent(job.id)}/events`, told)) return;
      tries = 0;
    } catch (error) {
      if (error.status === 404 || error.status === 401 || tries > 5) {
        complain(error);
        return;
      }
    }
    await pause(1000);
  }
}

function showJob(job, picture, useProof) {
  if (shown?.job.id !== job.id) {
    shown = { job, section: null, parts: null };
    const head = el("div", { class: "jobhead" }), facts = el("p", { class: "aside", role: "status" });
    const bar = el("div", { class: "progress", "aria-hidden": "true" }), result = el("div", {}), tree = el("div", {});
    shown.parts = { head, facts, bar, result, tree };
    jobPanel.replaceChildren(head, facts, bar, result, tree);
  }
  const { head, facts, bar, result, tree } = shown.parts;
  const over = isOver(job), told = job.result || {};
  shown.useProof = useProof;
  const acts = el("span", { class: "acts" });
  if (!over) acts.append(action("Cancel", () => cancelJob(job), { id: "cancel" }));
  const name = job.request.theorem || (job.request.line ? `line ${job.request.line}` : "search");
  head.replaceChildren(el("h2", {}, el("bdi", {}, name)), statusWord(job.status), acts);
  const progress = over ? told : job.progress || {};
  const figures = [];
  if (job.place) figures.push(job.place === 1 ? "next in line" : `${job.place - 1} before it`);
  if (progress.expansions !== undefined) figures.push(plural(progress.expansions, "state expanded", "states expanded"));
  if (progress.tactics_run !== undefined) figures.push(plural(progress.tactics_run, "tactic run", "tactics run"));
  if (progress.nodes !== undefined) figures.push(plural(progress.nodes, "state", "states"));
  const seconds = over ? progress.seconds : job.started ? Date.now() / 1000 - job.started : undefined;
  if (seconds !== undefined) figures.push(over ? `${seconds.toFixed(1)} s` : `${seconds.toFixed(0)} s of ${job.request.timeout_s} s`);
  facts.textContent = figures.join(" · ");
  bar.hidden = over;
  if (!over) {
    const part = Math.min(1, (seconds || 0) / job.request.timeout_s);
    bar.replaceChildren(shape("svg", { preserveAspectRatio: "none", viewBox: "0 0 1000 5" }, shape("rect", { class: "proved", width: Math.round(part * 1000), height: 5 })));
  }
  if (over && result.dataset.of !== job.status) {
    result.dataset.of = job.status;
    result.replaceChildren(...resultParts(job, told, useProof));
  }
  if (picture) {
    if (shown.section) shown.section.update(picture);
    else tree.replaceChildren(shown.section = drawTree(picture));
  }
}

function resultParts(job, told, useProof) {
  const parts = [];
  if (told.reason) parts.push(el("p", { class: "reason" }, told.reason));
  if (told.proof) {
    const acts = el("span", { class: "acts" });
    if (useProof) acts.append(action("Put into the file", () => useProof(job), { id: "use" }));
    const copying = action("Copy proof", () => copy(told.proof, copying));
    acts.append(copying);
    parts.push(el("section", { class: "block proof" },
      el("div", { class: "blockhead" }, el("h3", {}, "Proof"), acts),
      el("pre", { tabindex: "0", dir: "ltr" }, el("code", {}, told.proof))));
    const facts = el("dl", { class: "facts" });
    facts.append(el("div", {}, el("dt", {}, "Axioms"), el("dd", {}, (told.axioms || []).join(", ") || "none")));
    if (told.depends_on?.length) facts.append(el("div", {}, el("dt", {}, "Uses, unproved"), el("dd", {}, told.depends_on.join(", "))));
    parts.push(facts);
  }
  return parts;
}

setInterval(() => { if (shown && !isOver(shown.job)) showJob(shown.job, null, shown.useProof); }, 1000);

async function cancelJob(job) {
  try {
    await ask("DELETE", `/v1/prove/${encodeURIComponent(job.id)}`);
  } catch (error) {
    complain(error);
  }
}
