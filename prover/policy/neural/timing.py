"""How long a model of the light runtime takes: to load, and to propose for a state."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prover.errors import PolicyError
from prover.policy.neural.generator import PromptTooLongError, Sampling
from prover.policy.neural.light import WEIGHTS, LightGenerator

SAMPLES = 16
MAX_PROMPTS = 200
FRESH = """
import sys, time
began = time.monotonic()
from pathlib import Path
from prover.policy.neural.light import LightGenerator
LightGenerator(Path(sys.argv[1]))
print(time.monotonic() - began)
"""


def timed(folder: Path, prompts: Sequence[str], max_tokens: int, samples: int = SAMPLES) -> dict[str, Any]:
    """Seconds to load in a fresh process, imports included, and milliseconds for `samples` tactics by beam search.

    Prompts that do not fit are left out, and of many only the first are taken. `processor_ms` is what the searching thread
    computed, `ms` what passed; they differ where other work has the cores.

    Raises PolicyError when the model cannot be loaded, or no prompt fits.
    """
    model = LightGenerator(folder)
    passed: list[float] = []
    computed: list[float] = []
    texts = tokens = 0
    for prompt in prompts[:MAX_PROMPTS]:
        began, used = time.perf_counter(), time.thread_time()
        try:
            found = model.complete(prompt, Sampling(samples, 0.0, max_tokens))
        except PromptTooLongError:
            continue
        passed.append((time.perf_counter() - began) * 1000)
        computed.append((time.thread_time() - used) * 1000)
        texts += len(found)
        tokens += len(model.ids(prompt))
    if not passed:
        raise PolicyError(f"none of {len(prompts)} prompts fits into the context of {folder} ({model.context} tokens)")
    return {
        "load_s": _load_s(folder), "file_mb": round((folder / WEIGHTS).stat().st_size / 1e6, 2), "states": len(passed),
        "prompt_tokens": round(tokens / len(passed)), "tactics": round(texts / len(passed), 1),
        "median_ms": round(statistics.median(passed), 1), "p95_ms": _p95(passed),
        "processor_median_ms": round(statistics.median(computed), 1), "processor_p95_ms": _p95(computed),
    }  # fmt: skip


def _p95(values: Sequence[float]) -> float:
    return round(sorted(values)[min(len(values) - 1, len(values) * 95 // 100)], 1)


def _load_s(folder: Path) -> float:
    done = subprocess.run([sys.executable, "-c", FRESH, str(folder)], capture_output=True, text=True)
    if done.returncode:
        raise PolicyError(f"{folder} cannot be loaded in a fresh process: {(done.stderr.splitlines() or ['no output'])[-1]}")
    return round(float(done.stdout), 2)
