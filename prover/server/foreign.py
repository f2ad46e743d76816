"""The protocols of other tools' servers, so that these tools work with this one unchanged.

LeanCopilot: `POST /generate`, `POST /encode`. llmstep: `POST /`. LLMLean: Ollama's `POST /api/generate`, OpenAI's
`POST /v1/chat/completions`. All of them send a goal as text; what that means is told in docs/server.md.

LLMLean sends prompts where other tools send fields. Its forms are read back into fields: instruction (`[CTX] … [/CTX]`,
`[STATE] … [/STATE]`, `[TAC]` or `[PROOF]`), reasoning, few-shot (`Tactic state:` between dashes), Markdown, and the bare text of
a file up to the place where a tactic or a proof is wanted. Answers are put into the form that LLMLean reads.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from prover.errors import ProverError
from prover.server import wire
from prover.server.gate import Cancelled, Gate
from prover.server.service import Service
from prover.server.wire import LeanText

DIMENSIONS = 1472
WORD = re.compile(r"[^\W_]+|[^\w\s]")
KEPT = 64
FRESH_S = 60.0
SUGGEST_S = 20.0
PROVE_S = 30.0
WIDTH = 32
MODEL = "proofsmith"
TAGGED = r"\[{0}\]\n?(.*?)\n?\[/{0}\]"
CONTEXT = re.compile(TAGGED.format("CTX"), re.DOTALL)
STATE = re.compile(TAGGED.format("STATE"), re.DOTALL)
FENCED = re.compile(
    r"The (?:current )?file contents up to the current tactic are(?: as follows)?:\s*```lean4?\n(.*?)\n```", re.DOTALL
)
FENCED_STATE = re.compile(r"The current proof state is(?: as follows)?:\n(.*?)\n\s*(?:Your task is|Please analyze)", re.DOTALL)
STARTS_WITH = re.compile(r"The tactic you generate should start with (.*)\Z", re.DOTALL)
FEW_SHOT = re.compile(r"Tactic state:\n---\n(.*?)\n---\nNext tactic:\n---\n(.*)\Z", re.DOTALL)
PROOF_WORDS = (
    "Your task is to generate the proof",
    "Your task is to generate the rest of the proof",
    "previous proof attempt failed",
)


@dataclass(frozen=True)
class Question:
    """What is wanted: the next tactic, or the whole proof. `state` is empty where only the file is known.

    `markdown`: the answer is a fenced block. `continued`: the prompt ends with `prefix`, which the answer leaves out.
    """

    context: str
    state: str
    prefix: str = ""
    whole_proof: bool = False
    markdown: bool = False
    continued: bool = True


def read_prompt(prompt: str, stop: Sequence[str] = ()) -> Question:
    """The question of a prompt. A text of no known form is taken for a file up to where something is wanted.

    Args:
        prompt: what would go to a model.
        stop: where the model would stop; tells LLMLean's tactic from its proof where the prompt does not.
    """
    few = list(FEW_SHOT.finditer(prompt[prompt.rfind("Tactic state:\n---\n") :])) if "Tactic state:\n---\n" in prompt else []
    if few:
        return Question("", few[-1][1], few[-1][2])
    whole = any(word in prompt for word in PROOF_WORDS)
    if "```lean" in prompt and (fenced := FENCED.search(prompt)) is not None:
        state = FENCED_STATE.search(prompt)
        start = STARTS_WITH.search(prompt)
        return Question(
            fenced[1], state[1].strip("\n") if state else "", start[1] if start else "", whole, markdown=True, continued=False
        )
    if (tagged := CONTEXT.search(prompt)) is not None:
        states = STATE.findall(prompt)
        prefix = prompt.rpartition("[TAC]\n")[2] if not whole and "[TAC]\n" in prompt else ""
        if prefix.endswith("[THOUGHTS]\n") or "[THOUGHTS]\n" in prefix:
            prefix = prefix.rpartition("[THOUGHTS]\n")[2]
        return Question(tagged[1], states[-1] if states else "", prefix, whole)
    return Question(prompt, "", whole_proof="[/PROOF]" in stop and "[/TAC]" not in stop)


def answer(question: Question, tactic: str) -> str:
    """One tactic or proof, as LLMLean expects it."""
    if question.markdown:
        return f"```lean4\n{tactic}\n```"
    return tactic.removeprefix(question.prefix) if question.continued else tactic


def encode_text(text: str) -> list[float]:
    """A text as a vector, without a model; all zeros when it has no words.

    Words and pairs of neighbouring words are hashed to one of DIMENSIONS places with a sign; the sum has length 1. It is not
    comparable with vectors of another encoder, LeanCopilot's own premise embeddings (ByT5 small) among them.
    """
    words = WORD.findall(text)
    vector = [0.0] * DIMENSIONS
    for feature in [*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))]:
        digest = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        vector[digest % DIMENSIONS] += 1.0 if digest >> 63 else -1.0
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector] if length else vector


class Turns:
    """Answers to the last few questions, found once; a question that comes again gets the next one, as from a sampled model."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[Question, tuple[float, list[str]]] = OrderedDict()
        self._turn: dict[Question, int] = {}

    def remembered(self, question: Question, ask: Callable[[Question], list[str]]) -> list[str]:
        """The answers, found now or within the last minute."""
        with self._lock:
            found = self._known.get(question)
            if found is not None and self._clock() - found[0] < FRESH_S:
                return found[1]
        answers = ask(question)
        with self._lock:
            self._known[question] = (self._clock(), answers)
            self._turn.pop(question, None)
            while len(self._known) > KEPT:
                old, _ = self._known.popitem(last=False)
                self._turn.pop(old, None)
        return answers

    def next(self, question: Question, answers: list[str], first: bool = False) -> str:
        """The answer whose turn it is, the best one with `first`; empty when there is none."""
        if not answers:
            return ""
        if first:
            return answers[0]
        with self._lock:
            turn = self._turn.get(question, 0)
            self._turn[question] = turn + 1
        return answers[turn % len(answers)]


class GenerateRequest(BaseModel):
    """LeanCopilot's."""

    name: str
    input: LeanText
    prefix: LeanText | None = ""


class StepRequest(BaseModel):
    """llmstep's."""

    tactic_state: LeanText
    prefix: LeanText = ""
    context: LeanText = ""


class OllamaOptions(BaseModel):
    """Those of Ollama's options that are looked at."""

    temperature: float = 0.7
    stop: list[str] = []


class OllamaRequest(BaseModel):
    """Ollama's, as LLMLean sends it."""

    model: str = MODEL
    prompt: LeanText
    options: OllamaOptions = OllamaOptions()
    raw: bool = False
    stream: bool = True


class ChatMessage(BaseModel):
    """One message of a conversation."""

    role: str
    content: LeanText


class ChatRequest(BaseModel):
    """OpenAI's, as LLMLean sends it."""

    model: str = MODEL
    messages: list[ChatMessage]
    n: int = 1
    stop: list[str] | str | None = None
    stream: bool = False


def foreign_routes(service: Service, gate: Gate) -> APIRouter:
    """The routes, bound to what answers them."""
    router = APIRouter()
    turns = Turns()

    async def offers(request: Request, state: str, context: str, prefix: str) -> list[wire.SuggestionBody]:
        found = await gate.run(
            request, lambda stop: service.offers(state, context, prefix, WIDTH, SUGGEST_S, stop), SUGGEST_S * 2
        )
        return found.suggestions

    @router.post("/generate", tags=["LeanCopilot"])
    async def generate(body: GenerateRequest, request: Request) -> dict[str, Any]:
        """Tactics for a goal, the likeliest first, with their probabilities; they begin with the prefix."""
        found = await offers(request, body.input, "", body.prefix or "")
        return {"outputs": [{"output": o.tactic, "score": math.exp(o.log_prob)} for o in found]}

    @router.post("/encode", tags=["LeanCopilot"])
    async def encode(body: GenerateRequest) -> dict[str, list[float]]:
        """A text as a vector; see docs/server.md for what it may be compared with."""
        return {"outputs": encode_text(body.input[:100_000])}

    @router.post("/", tags=["llmstep"])
    async def step(body: StepRequest, request: Request) -> dict[str, Any]:
        """Tactics for a goal; each begins with the prefix."""
        try:
            found = await offers(request, body.tactic_state, body.context, body.prefix)
        except ProverError as error:
            return {"error": str(error)}
        return {"suggestions": [o.tactic for o in found]}

    @router.post("/api/generate", tags=["LLMLean"])
    async def ollama(body: OllamaRequest, request: Request) -> Response:
        """One tactic, or a proof, for LLMLean's prompts; asked again, the next one."""
        question = read_prompt(body.prompt, body.options.stop)
        answers = await gate.run(request, lambda stop: turns.remembered(question, _answers(service, stop)), PROVE_S * 2)
        text = turns.next(question, answers, first=body.options.temperature == 0)
        reply = {
            "model": body.model, "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "response": text,
            "done": True, "done_reason": "stop",
        }  # fmt: skip
        if body.stream:
            return Response(json.dumps(reply) + "\n", media_type="application/x-ndjson")
        return JSONResponse(reply)

    @router.post("/v1/chat/completions", tags=["LLMLean"])
    async def chat(body: ChatRequest, request: Request) -> Response:
        """Up to `n` tactics or proofs, each a choice, for LLMLean's prompts."""
        stops = [body.stop] if isinstance(body.stop, str) else body.stop or []
        question = read_prompt(body.messages[-1].content if body.messages else "", stops)
        answers = await gate.run(request, lambda stop: turns.remembered(question, _answers(service, stop)), PROVE_S * 2)
        name, made = f"chatcmpl-{secrets.token_hex(8)}", int(time.time())
        common = {"id": name, "created": made, "model": body.model}
        if body.stream:
            return StreamingResponse(_chunks(common, answers[:1]), media_type="text/event-stream")
        choices = [
            {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for i, text in enumerate(answers[: max(1, body.n)])
        ]
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return JSONResponse({**common, "object": "chat.completion", "choices": choices, "usage": usage})

    @router.get("/v1/models", tags=["LLMLean"])
    async def models() -> dict[str, Any]:
        """The one model that there is; any name is taken."""
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}

    @router.get("/api/tags", tags=["LLMLean"])
    async def tags() -> dict[str, Any]:
        """The same for Ollama's clients."""
        return {"models": [{"name": MODEL, "model": MODEL}]}

    return router


def _answers(service: Service, stop: Cancelled) -> Any:
    def ask(question: Question) -> list[str]:
        if question.whole_proof:
            proof = service.prove_text(question.state, question.context, PROVE_S, stop)
            return [] if proof is None else [answer(question, proof)]
        found = service.offers(question.state, question.context, question.prefix, WIDTH, SUGGEST_S, stop)
        return [answer(question, o.tactic) for o in found.suggestions]

    return ask


def _chunks(common: dict[str, Any], answers: Sequence[str]) -> Iterator[str]:
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": text}, None) for text in answers]
    for delta, end in [*deltas, ({}, "stop")]:
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        yield f"data: {json.dumps({**common, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
    yield "data: [DONE]\n\n"
