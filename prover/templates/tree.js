// The picture of a search: states are boxes, each under the tactic that led to it; the proof runs along the top.
"use strict";

const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;
const SVG = "http://www.w3.org/2000/svg";
const CHAR = 7.3, ROW = 50, BOX = 28, GAP = 42, MAX_STATE = 30, MAX_TACTIC = 34;
const LOOKS = { closed: "proved" };
const WORDS = { closed: "closed", open: "not settled", failed: "dead end" };

// The same as `visible` in prover/prove/report/text.py.
function visible(text) {
  return String(text).replace(/\r\n/g, "\n").replace(UNSEEN, (c) => {
    const code = c.codePointAt(0);
    return code >= 0xdc80 && code <= 0xdcff
      ? `⟨byte ${(code - 0xdc00).toString(16).toUpperCase()}⟩`
      : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) element.append(child instanceof Node ? child : visible(child));
  return element;
}
function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}
function shape(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function shorten(text, limit) {
  const characters = Array.from(visible(text).replace(/\s+/g, " ").trim());
  return characters.length > limit ? `${characters.slice(0, limit - 1).join("")}…` : characters.join("");
}
function plural(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

// What a box says of a state: the target of its first goal, and how many goals there are besides.
function headline(state) {
  const targets = state.split(/^(?=⊢)/m).filter((part) => part.startsWith("⊢"));
  const first = (targets[0] || state || "no goals").split(/\n\s*\n/)[0];
  return targets.length > 1 ? `${shorten(first, MAX_STATE - 4)} +${targets.length - 1}` : shorten(first, MAX_STATE);
}

// Rows and columns. The proof comes first, then small subtrees before large ones, which keeps siblings together.
// What comes first stands in its parent's row, what comes next as high as the columns allow (after Reingold and
// Tilford 1981).
function layOut(tree, proofOnly) {
  const out = tree.nodes.map(() => []);
  const owned = new Set([0]);
  const groups = [];
  for (const edge of tree.edges) {
    if (proofOnly && !edge.proof) continue;
    const tactic = shorten(tree.strings[edge.tactic], MAX_TACTIC);
    const units = edge.children.map((node, place) => {
      // A state that stands elsewhere already, or twice under one tactic, is drawn as a reference.
      const kind = owned.has(node) ? "reference" : "state";
      owned.add(node);
      return { kind, edge, node, tactic: place ? "" : tactic, place };
    });
    groups.push({ edge, units: units.length ? units : [{ kind: "closed", edge, tactic }] });
  }
  const sizes = tree.nodes.map(() => 1);
  for (const group of groups.reverse()) { // a state's own tactics come after the one that led to it
    group.size = group.units.reduce((sum, unit) => sum + (unit.kind === "state" ? sizes[unit.node] : 1), 0);
    sizes[group.edge.parent] += group.size;
  }
  groups.sort((a, b) => b.edge.proof - a.edge.proof || a.size - b.size);
  for (const { edge, units } of groups) out[edge.parent].push(...units);
  const subtree = (unit, column, parent) => {
    const item = { ...unit, column, parent, row: 0, top: [], bottom: [], next: [] };
    item.top[column] = item.bottom[column] = 0;
    item.all = [item];
    if (unit.kind !== "state") return item;
    const node = tree.nodes[unit.node];
    item.label = headline(tree.strings[node.state]);
    const units = [...out[unit.node]];
    if (node.more_edges && !proofOnly) units.push({ kind: "cut", tactic: `${node.more_edges} more not drawn` });
    for (const one of units) {
      const child = subtree(one, column + 1, item);
      let shift = 0;
      child.top.forEach((top, at) => { shift = Math.max(shift, (item.bottom[at] ?? -1) + 1 - top); });
      for (const moved of child.all) moved.row += shift;
      child.top.forEach((top, at) => {
        item.top[at] ??= top + shift;
        item.bottom[at] = child.bottom[at] + shift;
      });
      item.next.push(child);
      item.all.push(...child.all);
    }
    return item;
  };
  return subtree({ kind: "state", node: 0, tactic: "" }, 0, null).all;
}

function paint(tree, items, choose) {
  const long = (text) => Array.from(text || "").length * CHAR;
  for (const item of items) {
    item.width = item.kind === "state" ? long(item.label) + 34 : item.kind === "reference" ? 104 : 12;
    item.room = item.kind === "closed" ? long(item.tactic) + 20 : Math.max(item.width, long(item.tactic));
  }
  const lefts = [8];
  for (const { column, room } of items) lefts[column + 1] = Math.max(lefts[column + 1] || 0, room);
  for (let column = 1; column < lefts.length; column += 1) lefts[column] += lefts[column - 1] + GAP;
  const width = lefts.at(-1) - GAP + 8;
  const height = (Math.max(...items.map((item) => item.row)) + 1) * ROW + 8;
  const middle = (item) => item.row * ROW + ROW / 2 + 6;
  const svg = shape("svg", {
    class: "tree", viewBox: `0 0 ${width} ${height}`, width, height, role: "group",
    "aria-label": "Search tree. Arrow keys move from state to state.",
  });
  const lines = shape("g", {}), texts = shape("g", {}), boxes = shape("g", {});
  svg.append(lines, texts, boxes);

  // From a state to the bus of all its tactics; from the first of a tactic's states to the fork of the others.
  const first = new Map();
  for (const item of items) if (item.parent && !item.place) first.set(item.edge, item);
  for (const item of [...items].reverse()) {
    if (!item.parent) continue;
    const x = lefts[item.column], y = middle(item), bus = x - GAP + 12, fork = x - 14;
    const look = item.edge ? `${item.edge.proof ? "proof " : ""}${item.edge.status}` : "cut";
    const [turn, from, start] = item.place
      ? [fork, middle(first.get(item.edge)), fork]
      : [bus, middle(item.parent), lefts[item.parent.column] + item.parent.width];
    const bend = y === from ? "" : `M${start} ${from}H${turn - 6}Q${turn} ${from} ${turn} ${from + 6}V${y - 6}Q${turn} ${y} ${turn + 6} ${y}`;
    const down = item.place ? `M${fork} ${from}V${y - 6}Q${fork} ${y} ${fork + 6} ${y}` : bend;
    lines.append(shape("path", { class: `edge ${look}`, d: `${down || `M${start} ${y}`}H${x}` }));
    if (item.edge?.children.length > 1 && !item.place) {
      lines.append(shape("circle", { class: `joint ${look}`, cx: fork, cy: y, r: 3.5 }));
    }
    if (item.kind === "closed") {
      lines.append(shape("rect", { class: `closed ${look}`, x, y: y - 6, width: 12, height: 12, rx: 2 },
        shape("title", {}, "No goals left")));
    } else if (item.kind === "reference") {
      const link = shape("g", { class: "reference", transform: `translate(${x} ${y - 10})` },
        shape("title", {}, "This state stands elsewhere in the tree"),
        shape("rect", { width: item.width, height: 20, rx: 10 }),
        shape("text", { x: 10, y: 14 }, `see state ${tree.nodes[item.node].id}`));
      link.addEventListener("click", () => choose(item.node, true));
      boxes.append(link);
    }
    if (!item.tactic) continue;
    const beside = item.kind === "closed" || item.kind === "cut";
    const text = shape("text", { class: `tactic ${look}`, x: item.kind === "closed" ? x + 18 : x + 3, y: beside ? y + 4 : y - 19 });
    if (item.edge) text.append(shape("title", {}, tree.strings[item.edge.tactic]));
    text.append(item.tactic);
    texts.append(text);
  }

  const drawn = new Map();
  for (const item of items.filter((one) => one.kind === "state")) {
    const node = tree.nodes[item.node];
    const y = middle(item) - BOX / 2;
    const box = shape("g", {
      class: `state ${LOOKS[node.status] || node.status}${node.proof ? " proof" : ""}${node.expanded === null ? " fresh" : ""}`,
      transform: `translate(${lefts[item.column]} ${y})`, tabindex: "-1", role: "button",
      "aria-label": `State ${node.id}, ${WORDS[node.status] || node.status}: ${item.label}`,
    });
    box.append(
      shape("title", {}, tree.strings[node.state]),
      shape("rect", { width: item.width, height: BOX, rx: 6 }),
      mark(node.status),
      shape("text", { x: 24, y: 18.5 }, item.label));
    box.addEventListener("click", () => choose(item.node, true));
    box.addEventListener("focus", () => choose(item.node, false));
    boxes.append(box);
    drawn.set(item.node, { box, item });
  }
  return { svg, drawn, width, height };
}

// Status by form as well as by colour: a disc, a ring, a cross.
function mark(status) {
  if (status === "failed") return shape("path", { class: "mark", d: "M9 10l8 8M17 10l-8 8" });
  return shape("circle", { class: "mark", cx: 13, cy: 14, r: 4.5 });
}

function tacticLine(tree, edge) {
  const who = tree.strings[edge.proposer];
  const odds = typeof edge.log_prob === "number" ? `log-probability ${edge.log_prob.toFixed(2)}` : "";
  const line = el("li", {}, el("code", {}, tree.strings[edge.tactic]));
  if (who || odds) line.append(el("span", { class: "aside" }, [who, odds].filter(Boolean).join(", ")));
  if (edge.error !== undefined) line.append(el("pre", { class: "error" }, tree.strings[edge.error]));
  return line;
}

function describe(tree, index, choose) {
  const node = tree.nodes[index];
  const facts = [WORDS[node.status] || node.status];
  facts.push(node.expanded === null ? "never expanded" : `expansion ${node.expanded}`);
  if (node.visits > 1) facts.push(`${node.visits} times`);
  if (node.depth) facts.push(plural(node.depth, "tactic deep", "tactics deep"));
  if (typeof node.priority === "number") facts.push(`priority ${node.priority.toFixed(2)}`);
  const parts = [
    el("h4", {}, `State ${node.id}`), el("p", { class: "aside" }, facts.join(" · ")),
    el("pre", { dir: "ltr" }, tree.strings[node.state] || "no goals"),
  ];
  const worked = tree.edges.filter((edge) => edge.parent === index);
  if (worked.length) {
    const list = el("ul", { class: "tactics" });
    for (const edge of worked) {
      const line = tacticLine(tree, edge);
      line.classList.add(edge.status);
      if (!edge.children.length) line.append(el("span", { class: "aside" }, "no goals left"));
      for (const child of new Set(edge.children)) {
        const go = el("button", { type: "button", class: "small" }, `state ${tree.nodes[child].id}`);
        go.addEventListener("click", () => choose(child, true));
        line.append(go);
      }
      list.append(line);
    }
    parts.push(el("h5", {}, "Tactics that went through"), list);
  }
  if (node.more_edges) parts.push(el("p", { class: "aside" }, `${plural(node.more_edges, "more is", "more are")} not in this picture.`));
  const tried = node.failures.length + node.more_failures;
  if (tried) {
    const list = el("ul", { class: "tactics" }, ...node.failures.map((edge) => tacticLine(tree, edge)));
    const all = el("details", {}, el("summary", {}, `${plural(tried, "tactic", "tactics")} that Lean refused`), list);
    if (node.more_failures) all.append(el("p", { class: "aside" }, `The first ${node.failures.length} are listed, ${node.more_failures.toLocaleString("en")} left out.`));
    parts.push(all);
  }
  return parts;
}

function drawTree(tree) {
  const scroller = el("div", { class: "scroller" });
  const panel = el("section", { class: "panel", "aria-label": "The chosen state" });
  let chosen = 0, zoom = matchMedia("(max-width: 600px)").matches ? 0.8 : 1, picture = null;

  // Shows a state in the panel; with `go`, moves the view and the keyboard to it as well.
  function choose(index, go) {
    const found = picture.drawn.get(index);
    if (!found) {
      onlyProof.checked = false;
      redraw();
      return choose(index, go);
    }
    const before = picture.drawn.get(chosen);
    if (before) {
      before.box.classList.remove("chosen");
      before.box.setAttribute("tabindex", "-1");
    }
    chosen = index;
    found.box.classList.add("chosen");
    found.box.setAttribute("tabindex", "0");
    panel.replaceChildren(...describe(tree, index, choose));
    if (go) found.box.focus();
  }
  function resize(factor) {
    zoom = Math.min(2, Math.max(0.3, factor));
    picture.svg.setAttribute("width", picture.width * zoom);
    picture.svg.setAttribute("height", picture.height * zoom);
  }
  function redraw() {
    picture = paint(tree, layOut(tree, onlyProof.checked), choose);
    scroller.replaceChildren(picture.svg);
    resize(zoom);
    choose(picture.drawn.has(chosen) ? chosen : 0, false);
  }
  function show() {
    onlyProof.checked &&= tree.nodes[0].proof;
    proofChoice.hidden = !tree.nodes[0].proof;
    leftOut.hidden = !tree.left_out;
    leftOut.textContent = `The search reached ${plural(tree.total, "state", "states")}; ${tree.left_out.toLocaleString("en")} of them are left out here. Drawn are the proof, if there is one, and the states of best priority.`;
    redraw();
  }
  // The tree of a later moment of the same search, in place; what is chosen, the view and the keyboard stay.
  function update(next) {
    const { id } = tree.nodes[chosen];
    const inside = scroller.contains(document.activeElement), top = scroller.scrollTop, left = scroller.scrollLeft;
    const failures = panel.querySelector("details")?.open, seen = panel.scrollTop;
    tree = next;
    chosen = Math.max(0, tree.nodes.findIndex((node) => node.id === id));
    show();
    if (failures && panel.querySelector("details")) panel.querySelector("details").open = true;
    if (inside) picture.drawn.get(chosen)?.box.focus({ preventScroll: true });
    scroller.scrollTo(left, top);
    panel.scrollTop = seen;
  }

  scroller.addEventListener("keydown", (event) => {
    const { item } = picture.drawn.get(chosen);
    const column = [...picture.drawn.values()].map((one) => one.item)
      .filter((one) => one.column === item.column).sort((a, b) => a.row - b.row);
    const target = {
      ArrowRight: item.next.find((one) => one.kind === "state"), ArrowLeft: item.parent,
      ArrowUp: column[column.indexOf(item) - 1], ArrowDown: column[column.indexOf(item) + 1],
    }[event.key];
    if (!event.key.startsWith("Arrow") || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (target) choose(target.node, true);
  });

  const bar = el("div", { class: "treebar" }, el("h3", {}, "Search"));
  const onlyProof = el("input", { type: "checkbox" });
  onlyProof.addEventListener("change", redraw);
  const proofChoice = el("label", {}, onlyProof, " only the proof");
  const leftOut = el("p", { class: "aside" });
  bar.append(proofChoice);
  const buttons = el("span", { class: "zoom" });
  for (const [label, name, change] of [["−", "smaller", () => zoom / 1.25], ["+", "larger", () => zoom * 1.25],
    ["Fit", "fit the width", () => Math.min(1, (scroller.clientWidth - 4) / picture.width)]]) {
    const button = el("button", { type: "button", class: "small", "aria-label": name, title: name }, label);
    button.addEventListener("click", () => resize(change()));
    buttons.append(button);
  }
  bar.append(buttons);
  const key = el("ul", { class: "key" });
  for (const status of ["closed", "open", "failed"]) {
    key.append(el("li", {}, shape("svg", { class: "tree", width: 20, height: 20, viewBox: "3 4 20 20", "aria-hidden": "true" },
      shape("g", { class: `state ${LOOKS[status] || status}` }, mark(status))), WORDS[status]));
  }
  key.append(el("li", {}, shape("svg", { class: "tree", width: 20, height: 14, "aria-hidden": "true" },
    shape("rect", { class: "closed proof", x: 4, y: 1, width: 12, height: 12, rx: 2 })), "no goals left"));
  show();
  const section = el("section", { class: "search" }, bar, leftOut, el("div", { class: "treebox" }, scroller, panel), key);
  section.update = update;
  return section;
}
