"""The protocols of other tools' servers, so that these tools work with this one unchanged.

LeanCopilot: `POST /generate`, `POST /encode`. llmstep: `POST /`. LLMLean: Ollama's `POST /api/generate`, OpenAI's
`POST /v1/chat/completions`. All of them send a goal as text; what that means is told in docs/server.md.
"""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from prover.errors import ProverError
from prover.server.embedding import encode as vector_of
from prover.server.gate import Cancelled, Gate
from prover.server.prompts import Question, answer, read_prompt
from prover.server.service import Service
from prover.server.turns import Turns
from prover.server.wire import LeanText

SUGGEST_S = 20.0
PROVE_S = 30.0
WIDTH = 32
MODEL = "proofsmith"


class GenerateRequest(BaseModel):
    """LeanCopilot's."""

    name: str
    input: LeanText
    prefix: LeanText | None = ""


class Generation(BaseModel):
    """A tactic and its probability."""

    output: str
    score: float


class GenerateReply(BaseModel):
    """The likeliest first."""

    outputs: list[Generation]


class EncodeRequest(BaseModel):
    """LeanCopilot's."""

    name: str
    input: LeanText


class EncodeReply(BaseModel):
    """One vector."""

    outputs: list[float]


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

    @router.post("/generate", tags=["LeanCopilot"])
    async def generate(body: GenerateRequest, request: Request) -> GenerateReply:
        """Tactics for a goal; they begin with the prefix."""
        found = await gate.run(
            request, lambda stop: service.offers(body.input, "", body.prefix or "", WIDTH, SUGGEST_S, stop), SUGGEST_S * 2
        )
        return GenerateReply(outputs=[Generation(output=o.tactic, score=math.exp(o.log_prob)) for o in found.suggestions])

    @router.post("/encode", tags=["LeanCopilot"])
    async def encode(body: EncodeRequest) -> EncodeReply:
        """A text as a vector; see docs/server.md for what it may be compared with."""
        return EncodeReply(outputs=vector_of(body.input[:100_000]))

    @router.post("/", tags=["llmstep"])
    async def step(body: StepRequest, request: Request) -> dict[str, Any]:
        """Tactics for a goal; each begins with the prefix."""
        try:
            found = await gate.run(
                request,
                lambda stop: service.offers(body.tactic_state, body.context, body.prefix, WIDTH, SUGGEST_S, stop),
                SUGGEST_S * 2,
            )
        except ProverError as error:
            return {"error": str(error)}
        return {"suggestions": [o.tactic for o in found.suggestions]}

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
    for text in answers:
        delta = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
        yield f"data: {json.dumps({**common, 'object': 'chat.completion.chunk', 'choices': [delta]})}\n\n"
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    yield f"data: {json.dumps({**common, 'object': 'chat.completion.chunk', 'choices': [end]})}\n\ndata: [DONE]\n\n"
