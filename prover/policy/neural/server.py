"""Tactics from an OpenAI-compatible server, vLLM above all.

One client for all searches of a run: vLLM batches whatever is under way at the same time by itself, so many requests are sent
at once, up to a bound. Prompts of one theorem begin alike, which its prefix cache uses. A request that fails is tried again a
few times; then the caller is told, goes on without the model, and asks again later (`prover.policy.base.Health`).
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from prover.errors import ConfigError, PolicyError
from prover.policy.neural.generator import Completion, Prompt, PromptTooLongError, Sampling, cut
from prover.printable import tell

CONNECT_TIMEOUT_S = 5.0
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 4.0
TOO_LONG = ("maximum context length", "context window", "maximum model length", "max_model_len", "longer than the maximum")
BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
FLOOR = -9999.0
"""What a server writes in place of minus infinity."""


def say_on_stderr(text: str) -> None:
    """The default way to say that a server went away or came back."""
    tell(f"proofsmith: {text}")


@dataclass
class Outage:
    """Says once that a server does not answer, and once that it does again. Shared by all threads."""

    url: str
    say: Callable[[str], None] = say_on_stderr
    clock: Callable[[], float] = time.monotonic
    times: int = 0
    _since: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def going_on(self) -> bool:
        """Whether the last request failed."""
        return self._since is not None

    def failed(self, why: str) -> None:
        """A request failed for good."""
        with self._lock:
            if self._since is None:
                self._since = self.clock()
                self.times += 1
                self.say(f"the model is away: {why}; the search goes on without it and asks again")

    def answered(self) -> None:
        """A request was answered."""
        if self._since is not None:
            with self._lock:
                if self._since is not None:
                    self.say(f"the model at {self.url} answers again after {self.clock() - self._since:.0f} s")
                    self._since = None


@dataclass
class ServerGenerator:
    """A `Generator` over HTTP.

    Args:
        url: of the server, with or without /v1 (http://localhost:8000).
        model: the name under which it serves the model.
        concurrency: at most so many requests at once; the others wait.
        timeout_s: seconds for one request.
        tries: how often one request is sent before the caller is told.
        key: the server's API key; None sends none.
        transport: another way to send requests, for tests.
    """

    url: str
    model: str
    concurrency: int = 32
    timeout_s: float = 60.0
    tries: int = 3
    key: str | None = field(default=None, repr=False)
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    say: Callable[[str], None] = field(default=say_on_stderr, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    context: int | None = field(default=None, init=False)
    outage: Outage = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/").removesuffix("/v1")
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(f"{self.url!r} is no address of a server; it begins with http:// or https://")
        self.outage = Outage(self.url, self.say)
        self._places = threading.BoundedSemaphore(self.concurrency)
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            self._client = httpx.Client(
                base_url=self.url,
                headers=headers,
                timeout=httpx.Timeout(self.timeout_s, connect=CONNECT_TIMEOUT_S),
                limits=httpx.Limits(max_connections=self.concurrency, max_keepalive_connections=self.concurrency),
                transport=self.transport,
                trust_env=False,
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise ConfigError(f"{self.url!r} is no address of a server: {error}") from error
        weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()

    def check(self) -> None:
        """Asks what is served, so that a run does not begin with the wrong server.

        Raises:
            PolicyError: nobody answers, or it is no server of this kind.
            ConfigError: it does not serve the model.
        """
        try:
            reply = self._client.get("/v1/models")
            served = {str(m["id"]): m for m in reply.raise_for_status().json()["data"]}
        except (httpx.ConnectError, httpx.TimeoutException) as error:
            raise PolicyError(
                f"no server answers at {self.url} ({_said(error)}); start one (vllm serve MODEL), name another with "
                "--server, or do without with --policy builtin"
            ) from error
        except httpx.HTTPStatusError as error:
            raise PolicyError(f"the server at {self.url} refuses: {_refusal(error.response)}") from error
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise PolicyError(f"what answers at {self.url} is no OpenAI-compatible server: {_said(error)}") from error
        if self.model not in served:
            names = ", ".join(sorted(served)) or "nothing"
            raise ConfigError(f"the server at {self.url} does not serve {self.model!r}; it serves {names}: give that as --model")
        length = served[self.model].get("max_model_len")
        self.context = length if isinstance(length, int) else None

    def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """Completions with log-probabilities; see `Generator`. What ran out of tokens is no tactic and is left out."""
        path, body = request_of(self.model, prompt, sampling)
        with self._places:
            reply = self._send(path, body)
        try:
            finished = [c for c in reply["choices"] if c.get("finish_reason") != "length"]
            return [_completion(choice, sampling.stop) for choice in finished]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PolicyError(
                f"the server at {self.url} answered what has no text with log-probabilities: {_said(error)}"
            ) from error

    def _send(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        why = ""
        tries = 1 if self.outage.going_on else self.tries
        for number in range(tries):
            if number:
                self.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (number - 1)))
            try:
                reply = self._client.post(path, json=body)
            except httpx.HTTPError as error:
                why = f"no answer from {self.url} ({_said(error)})"
                continue
            if reply.status_code in BUSY:
                why = f"the server at {self.url} is busy or ill: {_refusal(reply)}"
                continue
            if reply.is_error:
                self._refused(reply)
            try:
                found = reply.json()
            except ValueError:
                why = f"the server at {self.url} answered what is not JSON"
                continue
            self.outage.answered()
            return found if isinstance(found, dict) else {}
        self.outage.failed(why)
        raise PolicyError(why)

    def _refused(self, reply: httpx.Response) -> None:
        said = _refusal(reply)
        if reply.status_code == 400 and any(words in said for words in TOO_LONG):
            room = f" ({self.context} tokens)" if self.context else ""
            raise PromptTooLongError(f"a prompt is longer than the context of {self.model}{room}: {said}")
        if reply.status_code == 404:
            why = f"the server at {self.url} does not serve {self.model!r} (any more): {said}"
        else:
            why = f"the server at {self.url} refuses the request: {said}"
        self.outage.failed(why)
        raise PolicyError(why)


def request_of(model: str, prompt: Prompt, sampling: Sampling) -> tuple[str, dict[str, Any]]:
    """Path and body of a request.

    Several completions at temperature 0 are vLLM's beam search over the sum of the log-probabilities; it looks at twice as many
    tokens as it has beams, which `vllm serve --max-logprobs` has to allow.
    """
    body: dict[str, Any] = {
        "model": model,
        "n": sampling.samples,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "seed": sampling.seed,
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.temperature == 0 and sampling.samples > 1:
        # The token that ends a beam counts; vLLM leaves its log-probability out unless it is asked to keep the token.
        body |= {"use_beam_search": True, "length_penalty": 0.0, "include_stop_str_in_output": True}
        body.pop("stop", None)
    if isinstance(prompt, str):
        return "/v1/completions", body | {"prompt": prompt, "logprobs": 0}
    messages = [{"role": m.role, "content": m.content} for m in prompt]
    return "/v1/chat/completions", body | {"messages": messages, "logprobs": True, "top_logprobs": 0}


def _completion(choice: Mapping[str, Any], stop: Sequence[str]) -> Completion:
    told = choice["logprobs"]
    if told is None:
        raise ValueError("it gives no log-probabilities")
    if "message" in choice:
        text = choice["message"]["content"] or ""
        found = told["content"] or []
        log_probs = [_number(t["logprob"]) for t in found]
        offsets, at = [], 0
        for token in found:
            offsets.append(at)
            at += len(token.get("token", ""))
    else:
        text = choice["text"]
        log_probs = [_number(value) for value in told["token_logprobs"]]
        given = told.get("text_offset") or [0] * len(log_probs)
        offsets = [int(o) - int(given[0]) for o in given]
    return cut(str(text), offsets, log_probs, stop)


def _number(value: object) -> float:
    return FLOOR if value is None else min(0.0, float(str(value)))


def _refusal(reply: httpx.Response) -> str:
    """What a server says in one line."""
    try:
        found = reply.json()
        inner = found.get("error", found) if isinstance(found, dict) else found
        said = inner.get("message", "") if isinstance(inner, dict) else inner
    except ValueError:
        said = reply.text
    line = " ".join(str(said).split())[:300]
    return f"HTTP {reply.status_code}{': ' + line if line else ''}"


def _said(error: Exception) -> str:
    line = " ".join(str(error).split())[:200]
    return line or type(error).__name__
