"""Llama's architecture in numpy: what the default model runs on, so that it needs neither torch nor transformers.

One text tree at a time. A prompt is read once; every token that any continuation has taken since is an entry behind it in one
cache, and each row (a continuation under way) has a mask that shows it the prompt and its own ancestors. So going on with other
rows moves no cache, all rows share the prompt, and attention is one matrix product a head. The cost is that rows compute scores
of entries that they do not see, which for some dozens of tokens is less than copying would be.

Source: Touvron et al., arXiv 2302.13971 (RMSNorm, rotary positions, SwiGLU), in the conventions of transformers'
LlamaForCausalLM: rotation pairs element i with i + d/2, scores are divided by √d, and the softmax is of 32-bit floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from prover.errors import PolicyError

Array = npt.NDArray[np.float32]
COLUMNS = 64
BLOCK = 64
"""Entries by which a cache grows."""


@dataclass(frozen=True)
class Shape:
    """A model's sizes; `heads` of `head` dimensions ask, `shared` groups of them share keys and values."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    shared: int
    head: int
    inner: int
    context: int
    epsilon: float
    theta: float
    tied: bool


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The sizes in a config.json of transformers (4 or 5).

    Raises PolicyError for another architecture, or for a variant of Llama that this does not compute.
    """
    kind = config.get("model_type")
    if kind != "llama":
        raise PolicyError(f"the light runtime computes llama models; this one is {kind!r}; use --policy transformers")
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    rope_kind = rope.get("rope_type", rope.get("type", "default"))
    for what, found, wanted in (
        ("rope_type", rope_kind, "default"),
        ("attention_bias", bool(config.get("attention_bias", False)), False),
        ("mlp_bias", bool(config.get("mlp_bias", False)), False),
        ("hidden_act", config.get("hidden_act", "silu"), "silu"),
    ):
        if found != wanted:
            raise PolicyError(f"the light runtime computes {what} {wanted}; this model has {found}; use --policy transformers")
    try:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        return Shape(
            vocabulary=int(config["vocab_size"]), hidden=hidden, layers=int(config["num_hidden_layers"]), heads=heads,
            shared=int(config.get("num_key_value_heads") or heads), head=int(config.get("head_dim") or hidden // heads),
            inner=int(config["intermediate_size"]), context=int(config["max_position_embeddings"]),
            epsilon=float(config.get("rms_norm_eps", 1e-6)),
            theta=float(rope.get("rope_theta", config.get("rope_theta", 10000.0))),
            tied=bool(config.get("tie_word_embeddings", False)),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"the model's config.json lacks or spoils {error}") from error


class Matrix:
    """A matrix cut into strips of COLUMNS columns, [strips, in, COLUMNS].

    BLAS copies a matrix before it multiplies, unless the product is small; with some dozen rows the strips' products are, and
    the copying was a third of the time.
    """

    def __init__(self, matrix: Array) -> None:
        """Takes [out, in]; what is lacking to whole strips is filled with zeros."""
        self._out, wide = matrix.shape
        strips = -(-self._out // COLUMNS)
        filled = np.zeros((strips * COLUMNS, wide), np.float32)
        filled[: self._out] = matrix
        self._strips = np.ascontiguousarray(filled.reshape(strips, COLUMNS, wide).transpose(0, 2, 1))

    def of(self, rows: Array) -> Array:
        """The product, [rows, out]."""
        strips = np.matmul(rows, self._strips)
        product: Array = strips.transpose(1, 0, 2).reshape(len(rows), -1)[:, : self._out]
        return product


@dataclass(frozen=True)
class Layer:
    """A layer's matrices, the norm before each and 1/√d multiplied in."""

    asked: Matrix
    out: Matrix
    gate_up: Matrix
    down: Matrix


class Llama:
    """The weights, ready to be multiplied. Safe for any number of threads: a text tree's state is its `Tree`."""

    def __init__(self, shape: Shape, weights: Mapping[str, Array]) -> None:
        """Takes weights by transformers' names, [out, in]. Raises PolicyError when one is missing or of another shape."""
        self.shape = s = shape
        wide, narrow = s.heads * s.head, s.shared * s.head

        def take(name: str, *size: int) -> Array:
            if name not in weights:
                raise PolicyError(f"the model's weights lack {name}")
            if weights[name].shape != size:
                raise PolicyError(f"{name} has shape {weights[name].shape}; config.json says {size}")
            return weights[name]

        def ready(matrix: Array, norm: Array | None = None) -> Matrix:
            return Matrix(matrix if norm is None else matrix * norm)

        self.embedding = take("model.embed_tokens.weight", s.vocabulary, s.hidden)
        self.layers = []
        for i in range(s.layers):
            at = f"model.layers.{i}."
            norm = take(at + "input_layernorm.weight", s.hidden)
            q = take(at + "self_attn.q_proj.weight", wide, s.hidden) * np.float32(s.head**-0.5)
            k = take(at + "self_attn.k_proj.weight", narrow, s.hidden)
            v = take(at + "self_attn.v_proj.weight", narrow, s.hidden)
            after = take(at + "post_attention_layernorm.weight", s.hidden)
            gate = take(at + "mlp.gate_proj.weight", s.inner, s.hidden)
            up = take(at + "mlp.up_proj.weight", s.inner, s.hidden)
            self.layers.append(
                Layer(
                    ready(np.concatenate([q, k, v]), norm),
                    ready(take(at + "self_attn.o_proj.weight", s.hidden, wide)),
                    ready(np.concatenate([gate, up]), after),
                    ready(take(at + "mlp.down_proj.weight", s.hidden, s.inner)),
                )
            )
        head = self.embedding if s.tied else take("lm_head.weight", s.vocabulary, s.hidden)
        self.head = ready(head, take("model.norm.weight", s.hidden))
        frequencies = s.theta ** -(np.arange(0, s.head, 2, dtype=np.float64) / s.head)
        angles = np.outer(np.arange(s.context), frequencies)
        self.cos: Array = np.cos(angles).astype(np.float32)
        self.sin: Array = np.sin(angles).astype(np.float32)

    def logits(self, tokens: Sequence[int]) -> Array:
        """Of the token after each of a text's tokens, [tokens, vocabulary]."""
        return self.head.of(_normed(Tree(self, tokens).hidden, self.shape.epsilon))

    @property
    def size(self) -> int:
        """Weights, as training counts them."""
        s = self.shape
        layer = s.hidden * (2 * (s.heads + s.shared) * s.head + 3 * s.inner + 2)
        return s.vocabulary * s.hidden * (1 if s.tied else 2) + s.layers * layer + s.hidden


class Tree:
    """A prompt and its continuations under way, a row each; all rows are of the same length."""

    def __init__(self, model: Llama, prompt: Sequence[int]) -> None:
        """Reads the prompt; there is one row then."""
        self._model = model
        s = model.shape
        self._room = len(prompt) + BLOCK
        self._keys = [np.empty((s.shared, self._room, s.head), np.float32) for _ in range(s.layers)]
        self._values = [np.empty((s.shared, self._room, s.head), np.float32) for _ in range(s.layers)]
        self._entries = 0
        self._position = 0
        unseen = np.triu(np.full((len(prompt), len(prompt)), -np.inf, np.float32), 1)
        hidden = self._read(np.asarray(prompt, np.int64), np.arange(len(prompt)), unseen)
        self.hidden = hidden
        """The last layer's output for the prompt, [tokens, hidden]."""
        self._position = len(prompt)
        self._seen: Array = np.zeros((1, len(prompt)), np.float32)
        self.logits: Array = model.head.of(_normed(hidden[-1:], s.epsilon))
        """Of each row's next token, [rows, vocabulary]."""

    def keep(self, rows: Sequence[int]) -> None:
        """Goes on with these rows, in this order; a row may come twice."""
        self._seen = self._seen[np.asarray(rows)]
        self.logits = self.logits[np.asarray(rows)]

    def step(self, tokens: Sequence[int]) -> None:
        """Adds a token to each row."""
        rows = len(tokens)
        own = np.where(np.eye(rows, dtype=bool), np.float32(0), np.float32(-np.inf))
        self._seen = np.concatenate([self._seen, own], 1)
        hidden = self._read(np.asarray(tokens, np.int64), np.full(rows, self._position), self._seen)
        self._position += 1
        self.logits = self._model.head.of(_normed(hidden, self._model.shape.epsilon))

    def _read(self, tokens: npt.NDArray[np.int64], positions: npt.NDArray[np.int64], mask: Array) -> Array:
        """The last layer's output, [tokens, hidden]; `mask` is added to the scores, [tokens, entries with these]."""
        model, s = self._model, self._model.shape
        count = len(tokens)
        begin, end = self._entries, self._entries + count
        self._grow(end)
        cos, sin = model.cos[positions][:, None], model.sin[positions][:, None]
        x = model.embedding[tokens]
        turned = s.heads + s.shared
        group = s.heads // s.shared
        half = s.head // 2
        for layer, keys, values in zip(model.layers, self._keys, self._values, strict=True):
            qkv = layer.asked.of(_normed(x, s.epsilon)).reshape(count, turned + s.shared, s.head)
            qk = np.empty((count, turned, s.head), np.float32)
            first, second = qkv[:, :turned, :half], qkv[:, :turned, half:]
            np.multiply(first, cos, out=qk[..., :half])
            qk[..., :half] -= second * sin
            np.multiply(second, cos, out=qk[..., half:])
            qk[..., half:] += first * sin
            keys[:, begin:end] = qk[:, s.heads :].transpose(1, 0, 2)
            values[:, begin:end] = qkv[:, turned:].transpose(1, 0, 2)
            q = qk[:, : s.heads].reshape(count, s.shared, group, s.head).transpose(1, 2, 0, 3)
            scores = np.matmul(q.reshape(s.shared, group * count, s.head), keys[:, :end].transpose(0, 2, 1))
            scores = scores.reshape(s.heads, count, end)
            scores += mask
            scores -= scores.max(-1, keepdims=True)
            np.exp(scores, out=scores)
            total = scores.sum(-1, keepdims=True)
            mixed = np.matmul(scores.reshape(s.shared, group * count, end), values[:, :end]).reshape(s.heads, count, s.head)
            mixed /= total
            x = x + layer.out.of(mixed.transpose(1, 0, 2).reshape(count, s.heads * s.head))
            both = layer.gate_up.of(_normed(x, s.epsilon))
            gate, up = both[:, : s.inner], both[:, s.inner :]
            inner = np.exp(-gate)
            inner += 1
            np.divide(gate, inner, out=inner)
            inner *= up
            x = x + layer.down.of(inner)
        self._entries = end
        return x

    def _grow(self, needed: int) -> None:
        if needed <= self._room:
            return
        s = self._model.shape
        self._room = max(needed, self._room * 3 // 2)
        for caches in (self._keys, self._values):
            for i, cache in enumerate(caches):
                larger = np.empty((s.shared, self._room, s.head), np.float32)
                larger[:, : self._entries] = cache[:, : self._entries]
                caches[i] = larger


def _normed(x: Array, epsilon: float) -> Array:
    """RMSNorm without its weights, which the next matrix holds."""
    mean = np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1])
    normed: Array = x / np.sqrt(mean + np.float32(epsilon))[:, None]
    return normed
