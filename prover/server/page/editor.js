// The file: its text, its theorems, suggestions at the cursor, searches for it.
"use strict";

const EXAMPLE = `-- What waits for its proof is listed below.

theorem add_right_neutral (n : Nat) : n + 0 = n := by
  sorry

theorem length_swap {α : Type} (xs ys : List α) :
    (xs ++ ys).length = (ys ++ xs).length := by
  sorry

theorem or_swap {p q : Prop} (h : p ∨ q) : q ∨ p := by
  sorry
`;
const READ_AFTER_MS = 700;
const SYMBOLS = {
  to: "→", r: "→", l: "←", iff: "↔", forall: "∀", all: "∀", exists: "∃", ex: "∃", fun: "λ", lam: "λ", and: "∧", or: "∨", not: "¬",
  ne: "≠", le: "≤", ge: "≥", in: "∈", notin: "∉", sub: "⊆", cup: "∪", cap: "∩", empty: "∅", nat: "ℕ", N: "ℕ", int: "ℤ", Z: "ℤ",
  Q: "ℚ", R: "ℝ", a: "α", alpha: "α", b: "β", beta: "β", g: "γ", gamma: "γ", x: "×", times: "×", cdot: "·", ".": "·", circ: "∘",
  comp: "∘", "<": "⟨", ">": "⟩", mid: "∣", "|": "∣", 1: "₁", 2: "₂", 3: "₃", 0: "₀", "^-1": "⁻¹", up: "↑", mapsto: "↦", t: "▸", goal: "⊢",
};
const text = document.getElementById("text");
const list = document.getElementById("theorems");
const searches = new Map(); // name of a theorem → its latest search
let theorems = [], reading = null, timer = 0;

function cursor() {
  const before = text.value.slice(0, text.selectionStart).split("\n");
  return { line: before.length, column: Array.from(before.at(-1)).length };
}
function showPlace() {
  const { line, column } = cursor();
  document.getElementById("place").textContent = `line ${line}, column ${column + 1}`;
}
function setText(value) {
  text.value = value;
  edited();
}
function edited() {
  try { localStorage.setItem("text", text.value); } catch { /* a full or forbidden store: the text stays on the page */ }
  showPlace();
  clearTimeout(timer);
  timer = setTimeout(readFile, READ_AFTER_MS);
}

async function readFile() {
  reading?.abort();
  const mine = reading = new AbortController();
  const status = document.getElementById("reading");
  status.textContent = "reading …";
  try {
    const found = await askJson("POST", "/v1/document", { text: text.value }, mine.signal);
    theorems = found.theorems;
    status.textContent = theorems.length ? "" : "No theorem with sorry in this file.";
    document.getElementById("notes").replaceChildren(...found.notes.map((note) => el("li", {}, note)));
    complain(null);
    listTheorems();
  } catch (error) {
    if (error.name === "AbortError") return;
    status.textContent = "";
    if (error.status === 429) timer = setTimeout(readFile, 1000 * (error.wait || 1));
    else complain(error);
  }
}

function listTheorems() {
  const focused = document.activeElement?.dataset?.theorem;
  list.replaceChildren(...theorems.map((theorem) => {
    const job = searches.get(theorem.name);
    const acts = el("span", { class: "acts" });
    if (job && !isOver(job)) {
      acts.append(action("Watch", () => watch(job), { "data-theorem": theorem.name }), action("Cancel", () => cancelJob(job)));
    } else {
      if (job) acts.append(action("Show", () => watch(job)));
      if (!theorem.problem) acts.append(action("Prove", () => prove({ theorem: theorem.name }), { "data-theorem": theorem.name }));
    }
    const line = el("span", { class: "state-line" });
    line.append(...(theorem.problem ? [theorem.problem] : job ? [statusWord(job.status)] : [`line ${theorem.line}`]).map((one) => (one instanceof Node ? one : visible(one))));
    return el("li", { "data-name": theorem.name }, el("bdi", { class: "name" }, theorem.name), acts, line);
  }));
  const open = theorems.filter((theorem) => !theorem.problem);
  document.getElementById("prove-all").hidden = open.length < 2;
  if (focused !== undefined) [...list.querySelectorAll("[data-theorem]")].find((one) => one.dataset.theorem === focused)?.focus();
}

function watch(job) {
  showJob(job, job.picture, putProof);
  jobPanel.scrollIntoView({ block: "nearest" });
}

async function prove(what, watched = true) {
  complain(null);
  try {
    const job = await askJson("POST", "/v1/prove", { text: text.value, timeout_s: Number(document.getElementById("seconds").value) || 60, ...what });
    if (what.theorem) searches.set(what.theorem, job);
    if (watched) watch(job);
    attach(job);
    listTheorems();
  } catch (error) {
    complain(error);
  }
}
function attach(job) {
  let before = job.status;
  follow(job, () => {
    if (shown?.job.id === job.id) showJob(job, null, putProof);
    if (job.status !== before) {
      before = job.status;
      listTheorems();
      listJobs();
    }
  }, (picture) => {
    job.picture = picture;
    if (shown?.job.id === job.id) showJob(job, picture, putProof);
  });
}

// The proof goes into the file as it is now, if it is still the one that was searched, or has the theorem unchanged.
function putProof(job) {
  const { edit, text: proved } = job.result;
  const original = job.request.text;
  if (original === undefined || original === text.value) {
    setText(proved);
  } else {
    const old = Array.from(original), start = edit.start, end = edit.end;
    const around = old.slice(Math.max(0, start - 400), end).join(""), begin = Array.from(around).length - (end - start);
    const at = text.value.indexOf(around);
    if (at < 0) return complain("The theorem has changed since; copy the proof instead.");
    const keep = Array.from(around).slice(0, begin).join("");
    setText(text.value.slice(0, at) + keep + edit.text + text.value.slice(at + around.length));
  }
  text.focus();
}

async function suggestHere() {
  const panel = document.getElementById("suggestions");
  const { line, column } = cursor();
  const at = text.selectionStart;
  panel.hidden = false;
  panel.replaceChildren(el("p", { class: "aside", role: "status" }, "asking Lean …"));
  try {
    const where = { text: text.value, line, column };
    const found = await askJson("POST", "/v1/suggest", { ...where, limit: 12 });
    const items = found.suggestions.map((one) => {
      const take = el("button", { type: "button" }, one.tactic);
      take.addEventListener("click", () => {
        if (text.value === where.text && one.edit) {
          const old = Array.from(where.text);
          setText(old.slice(0, one.edit.start).join("") + one.edit.text + old.slice(one.edit.end).join(""));
        } else {
          text.setRangeText(one.tactic, at, at, "end");
          edited();
        }
        panel.hidden = true;
        text.focus();
      });
      const left = one.goals_after?.length ? [el("pre", {}, one.goals_after.join("\n\n"))] : [];
      return el("li", { class: "suggestion" }, take,
        one.closes ? el("span", { class: "closes" }, "closes the goal") : el("span", { class: "aside" }, one.goals_after ? plural(one.goals_after.length, "goal left", "goals left") : "not checked"),
        ...left);
    });
    panel.replaceChildren(
      el("div", { class: "blockhead" }, el("h2", {}, `At line ${line}`), action("Close", () => { panel.hidden = true; text.focus(); })),
      ...found.goals.slice(0, 3).map((goal) => el("pre", { class: "goal" }, goal)),
      ...(found.note ? [el("p", { class: "aside" }, found.note)] : []),
      items.length ? el("ul", {}, ...items) : el("p", { class: "aside" }, "Nothing that was tried goes through here."));
    panel.querySelector(".suggestion button")?.focus();
  } catch (error) {
    panel.replaceChildren(el("p", { class: "aside" }, error.message));
  }
}

async function listJobs() {
  const jobs = await askJson("GET", "/v1/prove?limit=30");
  document.getElementById("jobs").replaceChildren(...jobs.map((job) => {
    const name = job.request.theorem || (job.request.line ? `line ${job.request.line}` : "search");
    const open = el("button", { type: "button" }, name);
    open.addEventListener("click", async () => {
      const whole = await askJson("GET", `/v1/prove/${encodeURIComponent(job.id)}`);
      whole.request.text ??= "";
      watch(whole);
      attach(whole);
    });
    return el("li", {}, open, " ", statusWord(job.status), " ", el("span", { class: "aside" }, new Date(job.created * 1000).toLocaleString()));
  }));
}

// \to and a space become →, as in Lean's own editors.
function replaceSymbol(event) {
  if (event.inputType !== "insertText" || event.data !== " ") return;
  const at = text.selectionStart, found = /\\(\S+) $/.exec(text.value.slice(Math.max(0, at - 12), at));
  const symbol = found && SYMBOLS[found[1]];
  if (symbol) text.setRangeText(symbol, at - found[0].length, at, "end");
}

text.addEventListener("input", (event) => { replaceSymbol(event); edited(); });
document.addEventListener("selectionchange", showPlace);
text.addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  if (event.key === " ") { event.preventDefault(); suggestHere(); }
  if (event.key === "Enter") { event.preventDefault(); prove(cursor()); }
});
document.getElementById("suggestions").addEventListener("keydown", (event) => {
  const buttons = [...event.currentTarget.querySelectorAll(".suggestion > button")], at = buttons.indexOf(document.activeElement);
  if (event.key === "Escape") { event.currentTarget.hidden = true; text.focus(); }
  if (event.key === "ArrowDown") { event.preventDefault(); buttons[at + 1]?.focus(); }
  if (event.key === "ArrowUp") { event.preventDefault(); buttons[at - 1]?.focus(); }
});
document.getElementById("suggest").addEventListener("click", suggestHere);
document.getElementById("prove-here").addEventListener("click", () => prove(cursor()));
document.getElementById("prove-all").addEventListener("click", async () => {
  let watched = true;
  for (const theorem of theorems.filter((one) => !one.problem)) {
    const job = searches.get(theorem.name);
    if (job && !isOver(job)) continue;
    await prove({ theorem: theorem.name }, watched);
    watched = false;
  }
});
document.getElementById("open").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) setText(await file.text());
});
document.getElementById("save").addEventListener("click", () => {
  const link = el("a", { href: URL.createObjectURL(new Blob([text.value], { type: "text/plain" })), download: "Proofs.lean" });
  link.click();
  URL.revokeObjectURL(link.href);
});
