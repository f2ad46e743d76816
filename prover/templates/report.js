// The table: sorting, filtering, opening a theorem. Text reaches the page through textContent alone.

const table = document.getElementById("theorems");
const find = document.getElementById("find");
const controls = document.getElementById("controls");
const bodies = [...table.tBodies];
const collator = new Intl.Collator("en", { numeric: true });
const STATUS_ORDER = { proved: "0", refuted: "1", failed: "2", error: "3" };

const keys = new Map(bodies.map((body) => [body, {
  status: STATUS_ORDER[body.dataset.status],
  name: body.querySelector(".name").textContent,
  file: body.querySelector(".file").textContent,
  seconds: body.dataset.seconds === "" ? Infinity : Number(body.dataset.seconds),
  expansions: body.dataset.expansions === "" ? Infinity : Number(body.dataset.expansions),
}]));

function compare(a, b) {
  return typeof a === "string" ? collator.compare(a, b) : a === b ? 0 : a < b ? -1 : 1;
}

function sortBy(button) {
  const header = button.parentElement;
  const sign = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
  const key = button.dataset.key;
  const sorted = [...bodies].sort((a, b) => sign * compare(keys.get(a)[key], keys.get(b)[key]));
  table.append(...sorted);
}

function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const status = controls.elements.status.value;
  let shown = 0;
  for (const body of bodies) {
    const text = `${keys.get(body).name}\n${keys.get(body).file}`.toLowerCase();
    body.hidden = (status && body.dataset.status !== status) || !words.every((word) => text.includes(word));
    if (!body.hidden) shown += 1;
  }
  const all = bodies.length === 1 ? "1 theorem" : `${bodies.length.toLocaleString("en")} theorems`;
  document.getElementById("shown").textContent =
    shown === bodies.length ? all : `${shown.toLocaleString("en")} of ${all}`;
  document.getElementById("nothing").hidden = shown > 0;
}

function copyButton(text, what) {
  const button = el("button", { type: "button", class: "small" }, `Copy ${what}`);
  button.addEventListener("click", async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = el("textarea", { class: "offscreen" });
      area.value = text;
      button.after(area);
      area.select();
      copied = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = copied ? "Copied" : "Copying is not allowed here";
    setTimeout(() => { button.textContent = `Copy ${what}`; }, 2000);
  });
  return button;
}

function block(title, text, what) {
  return el("section", { class: "block" },
    el("div", { class: "blockhead" }, el("h3", {}, title), copyButton(text, what)),
    el("pre", { tabindex: "0", dir: "ltr" }, el("code", {}, text)));
}

function embedded(id) {
  const element = document.getElementById(id);
  return element && JSON.parse(element.textContent);
}

function buildDetail(body) {
  const data = embedded(`data-${body.dataset.number}`);
  const tree = embedded(`tree-${body.dataset.number}`);
  const cell = el("td", { colspan: "5" });
  if (data.reason) {
    const title = data.status === "proved" ? "Remark" : data.status === "refuted" ? "It is false" : data.status === "error" ? "What went wrong" : "Why it is not proved";
    cell.append(el("section", { class: "block reason" }, el("h3", {}, title), el("p", {}, data.reason)));
  }
  const texts = el("div", { class: "texts" });
  if (data.statement) texts.append(block("Statement", data.statement, "statement"));
  if (data.proof) texts.append(block("Proof", data.proof, "proof"));
  const facts = el("dl", { class: "facts" });
  for (const [label, value] of data.facts) facts.append(el("div", {}, el("dt", {}, label), el("dd", {}, value)));
  facts.append(el("div", {}, el("dt", {}, "Link"), el("dd", {}, el("a", { href: `#${body.id}` }, "to this theorem"))));
  cell.append(texts, facts);
  cell.append(tree ? drawTree(tree) : el("p", { class: "empty" }, "No search tree was kept for this theorem."));
  const row = el("tr", { class: "detail" }, cell);
  body.append(row);
  return row;
}

function setOpen(body, open) {
  const row = body.querySelector(".detail") || (open ? buildDetail(body) : null);
  if (!row) return;
  row.hidden = !open;
  body.classList.toggle("open", open);
  body.querySelector(".name button").setAttribute("aria-expanded", String(open));
}

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function openFromAddress() {
  const fragment = location.hash.slice(1);
  if (!fragment.startsWith("t-")) return;
  const body = bodies.find((one) => one.id === fragment)
    || bodies.find((one) => decoded(one.id) === decoded(fragment));
  if (!body) return;
  if (body.hidden) {
    controls.reset();
    filter();
  }
  setOpen(body, true);
  body.scrollIntoView();
  body.querySelector(".name button").focus({ preventScroll: true });
}

table.addEventListener("click", (event) => {
  const sorter = event.target.closest("thead button");
  if (sorter) return sortBy(sorter);
  const row = event.target.closest("tr.row");
  if (!row || String(getSelection())) return;
  const body = row.parentElement;
  const open = !body.classList.contains("open");
  setOpen(body, open);
  try {
    history.replaceState(null, "", open ? `#${body.id}` : location.pathname + location.search);
  } catch { /* some browsers forbid it for file: addresses; the theorem is open all the same */ }
});
controls.addEventListener("submit", (event) => event.preventDefault());
controls.addEventListener("input", filter);
addEventListener("hashchange", openFromAddress);
filter(); // a reloaded page keeps what was typed
openFromAddress();
