// Talking to the server: JSON both ways, the token if there is one, streams of events.
"use strict";

// The token comes behind # in the address, where no server sees it, and goes from there.
const token = (() => {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (given) {
    sessionStorage.setItem("token", decodeURIComponent(given[1]));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
})();

async function ask(method, path, body, signal) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  let reply;
  try {
    reply = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  if (!reply.ok) {
    let detail = `${reply.status} ${reply.statusText}`;
    try { ({ detail } = await reply.json()); } catch { /* not JSON: the status says it */ }
    const wait = Number(reply.headers.get("Retry-After"));
    throw Object.assign(new Error(String(detail)), { status: reply.status, wait: wait || 0 });
  }
  return reply;
}
async function askJson(method, path, body, signal) {
  return (await ask(method, path, body, signal)).json();
}

// Calls told(name, data) for each event until the stream ends; true when it ended with a result.
async function listen(path, told, signal) {
  const reply = await ask("GET", path, undefined, signal);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", finished = false;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return finished;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event)?.[1], data = /^data: (.*)$/m.exec(event)?.[1];
      if (!name) continue;
      finished ||= name === "result";
      told(name, JSON.parse(data));
    }
  }
}

const trouble = document.getElementById("trouble");
function complain(error) {
  trouble.hidden = !error;
  trouble.textContent = error ? visible(error.message || error) : "";
}
function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
function action(label, act, attributes = {}) {
  const button = el("button", { type: "button", class: "small", ...attributes }, label);
  button.addEventListener("click", act);
  return button;
}
async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copying is not allowed here";
  }
  setTimeout(() => { button.textContent = label; }, 2000);
}
