"""Memory of one auditing worker over many checks; draws docs/figures/worker_memory.svg.

    python docs/figures/worker_memory.py 10000

A check is an audit: the statement and a proof elaborated anew, compared, followed to its axioms, replayed by the kernel.
True and false proofs of theorems of several files take turns. The worker is treated as a batch treats it: between checks
its process is replaced when it nears its ceiling.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from prover.audit.embedded import Auditor
from prover.lean.embedded.worker import LeanWorker
from prover.lean.worker import RECYCLE_AT

HERE = Path(__file__).parent
FILES = 24
"""More than a worker remembers the contexts of, so that old ones are let go."""
THEOREMS = (
    ("theorem a (n : Nat) : n + 0 = n", "rfl"),
    ("theorem b (xs ys : List Nat) : (xs ++ ys).length = ys.length + xs.length", "simp [Nat.add_comm]"),
    ("theorem c (p q : Prop) (h : p ∧ q) : q ∧ p", "exact ⟨h.2, h.1⟩"),
    ("theorem d (a b c : Nat) (h : a < b) (k : b < c) : a + 1 < c", "omega"),
    ("theorem e (n : Nat) : n = n + 1", "simp"),
    ("theorem f (n : Nat) : twice n = n + n", "induction n with\n| zero => rfl\n| succ n ih => simp [twice, ih]; omega"),
)
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 60, 16, 16, 44


def main(checks: int) -> None:
    """Checks, samples, draws."""
    began = time.monotonic()
    accepted = 0
    samples: list[tuple[int, int]] = []
    with LeanWorker() as worker:
        pairs = []
        for number in range(FILES):
            head = f"-- file {number}\ndef twice : Nat → Nat\n  | 0 => 0\n  | n + 1 => twice n + 2\n"
            text = head + "".join(f"{statement} := by sorry\n" for statement, _ in THEOREMS)
            targets = worker.read(text).targets
            pairs += [(target, proof) for target, (_, proof) in zip(targets, THEOREMS, strict=True)]
        auditor = Auditor(worker)
        for number in range(checks):
            worker.recycle_if_big()
            accepted += auditor.audit_proof(*pairs[number % len(pairs)]).accepted
            if number % max(1, checks // 500) == 0 or number == checks - 1:
                samples.append((number + 1, worker.process.memory_used_mb()))
        figures = {
            "checks": checks,
            "accepted": accepted,
            "seconds": round(time.monotonic() - began, 1),
            "processes": worker.generation,
            "lost": worker.processes_lost,
            "first_mb": samples[0][1],
            "highest_mb": max(mb for _, mb in samples),
            "last_mb": samples[-1][1],
            "recycled_at_mb": round(RECYCLE_AT * worker.memory_mb),
        }
    (HERE / "worker_memory.svg").write_text(drawing(samples, checks, figures["recycled_at_mb"]), "utf-8")
    print(json.dumps(figures, indent=2))


def drawing(samples: list[tuple[int, int]], checks: int, ceiling_mb: int) -> str:
    """The samples as a line, in SVG."""
    top_mb = max(ceiling_mb, max(mb for _, mb in samples)) * 1.05

    def x(check: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * check / checks

    def y(mb: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * mb / top_mb

    points = " ".join(f"{x(n):.1f},{y(mb):.1f}" for n, mb in samples)
    step = 500 if top_mb > 1200 else 200
    lines = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mb):.1f}" y2="{y(mb):.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{y(mb) + 4:.1f}" text-anchor="end">{mb}</text>'
        for mb in range(0, int(top_mb), step)
    ]
    ticks = [
        f'<text x="{x(n):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{n:,}</text>'
        for n in range(0, checks + 1, max(1, checks // 5))
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" '
        'fill="#333" role="img" aria-label="Resident memory of a worker over its checks">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *lines,
        *ticks,
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(ceiling_mb):.1f}" y2="{y(ceiling_mb):.1f}" stroke="#b33" '
        'stroke-dasharray="4 4"/>',
        f'<text x="{WIDTH - RIGHT}" y="{y(ceiling_mb) - 5:.1f}" text-anchor="end" fill="#b33">replaced between theorems</text>',
        f'<polyline points="{points}" fill="none" stroke="#2563a8" stroke-width="1.5"/>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">checks</text>',
        f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">resident MB</text>',
        "</svg>",
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
