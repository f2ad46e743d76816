"""A small OpenAI-compatible server with a table for a model, for tests: no weights, real sockets, and faults on demand.

`python -m prover.testing.model_server --port 8001` serves it to try the commands with. The conformance tests hold it and a
real vLLM to the same rules.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prover.printable import show

MODEL = "table"
CONTEXT = 2000
TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
COMMON = (("omega", -0.7), ("simp", -1.2), ("rfl", -1.6), ("intro h", -2.0), ("assumption", -2.3), ("constructor", -2.5))

Table = Callable[[str], Sequence[tuple[str, float]]]
"""Prompt → completions with natural log-probabilities, likeliest first."""


def common_tactics(prompt: str) -> Sequence[tuple[str, float]]:
    """The same six tactics for every state."""
    return COMMON


class FakeServer:
    """Serves a table on a free port of this machine while it is entered.

    `status` answers everything with that HTTP status, `plan` (number of the request, from 1 → status or None) some of it,
    `garbage` with what is not JSON; `stop()` and `start()` take the server away and bring it back on the same port. `seen` has
    the bodies of all requests; while `hold` is set to an event, answers wait for it.
    """

    def __init__(self, table: Table = common_tactics, model: str = MODEL, context: int = CONTEXT, port: int = 0) -> None:
        self.table = table
        self.model = model
        self.context = context
        self.port = port
        self.status: int | None = None
        self.plan: Callable[[int], int | None] = lambda request: None
        self.garbage = False
        self.seen: list[dict[str, Any]] = []
        self.most_at_once = 0
        self.hold: threading.Event | None = None
        self._now = 0
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> FakeServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begins to answer."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Goes away: connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """HTTP status and reply to a request for completions."""
        with self._lock:
            self.seen.append(body)
            status = self.plan(len(self.seen)) or self.status
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.hold is not None:
                self.hold.wait(10.0)
            if status is not None:
                return status, _error("it was told to fail", status)
            if body.get("model") != self.model:
                return 404, _error(f"The model `{body.get('model')}` does not exist.", 404)
            chat = path.endswith("/chat/completions")
            prompt = "\n".join(m["content"] for m in body["messages"]) if chat else str(body["prompt"])
            tokens = len(TOKEN.findall(prompt))
            if tokens + int(body.get("max_tokens") or 16) > self.context:
                return 400, _error(
                    f"This model's maximum context length is {self.context} tokens, but the prompt has {tokens}.", 400
                )
            n = int(body.get("n", 1))
            if n > 1 and not body.get("temperature") and not body.get("use_beam_search"):
                return 400, _error(f"n must be 1 when using greedy sampling, got {n}.", 400)
            picked = self._pick(prompt, n, body)
            return 200, {"object": "completion", "model": self.model, "choices": [_choice(*p, body, chat) for p in picked]}
        finally:
            with self._lock:
                self._now -= 1

    def _pick(self, prompt: str, n: int, body: Mapping[str, Any]) -> list[tuple[str, float]]:
        table = list(self.table(prompt))
        if not body.get("temperature"):
            return sorted(table, key=lambda row: -row[1])[:n]
        chance = random.Random(f"{body.get('seed')}{prompt}")
        return chance.choices(table, weights=[2.718281828 ** row[1] for row in table], k=n)


def _choice(text: str, log_prob: float, body: Mapping[str, Any], chat: bool) -> dict[str, Any]:
    stops = body.get("stop") or []
    for stop in stops:
        text = text.split(stop, 1)[0]
    tokens = [*TOKEN.findall(text), "</s>"]
    each = [log_prob / len(tokens)] * len(tokens)
    if chat:
        content = [{"token": t, "logprob": p} for t, p in zip(tokens, each, strict=True)]
        return {"message": {"role": "assistant", "content": text}, "logprobs": {"content": content}, "finish_reason": "stop"}
    offsets = [sum(map(len, tokens[:i])) for i in range(len(tokens))]
    logprobs = {"tokens": tokens, "token_logprobs": each, "text_offset": offsets}
    return {"text": text, "logprobs": logprobs, "finish_reason": "stop"}


def _error(message: str, code: int) -> dict[str, Any]:
    return {"error": {"message": message, "type": "BadRequestError", "code": code}}


def _handler(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # HTTP/1.0: no connection outlives its request, so that `stop` is felt at once.
        def do_GET(self) -> None:
            models = [{"id": server.model, "object": "model", "max_model_len": server.context}]
            if server.status is not None:
                self._reply(server.status, _error("it was told to fail", server.status))
            else:
                self._reply(200, {"object": "list", "data": models})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._reply(*server.answer(self.path, body))

        def _reply(self, status: int, found: Mapping[str, Any]) -> None:
            content = b"<html>" if server.garbage else json.dumps(found, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def main() -> int:
    """Serves the common tactics until it is interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=8001, help="port (default 8001)")
    with FakeServer(port=parser.parse_args().port) as server:
        show(f"{server.model} at {server.url}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
