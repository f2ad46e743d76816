"""What a verdict says of the kernel that it rests on: which one, and which faults known of it were looked for.

The numbers are those of the public reports (leanprover/lean4); `prover/lean/host/faults.cjs` and `kernel.cjs` do the looking,
`tests/prover/audit/test_kernel_age.py` shows it on terms.
"""

from __future__ import annotations

FAULTS = (
    "types, constructors and recursors of new inductive types checked as terms (#14576, #14577)",
    "no free variables or holes in values, opaque ones included (#14607, #14484)",
    "new inductive types applied to their own parameters and universes only (#14582)",
    "sorts of new inductive types Prop or never Prop, and written so (#14613, #14807, #14843)",
    "projections of structures alone, within their fields (#14613, #14632, #14807)",
    "no name twice in a block, none that the kernel keeps or computes with (#14616, #14632)",
    "rules of new recursors take what their cases take (#14806, #14808)",
    "reference counts cannot overflow in 4 GiB (#14838, #15241, #15288, #15289)",
)
"""Found in kernels up to 4.34.1; see docs/audit.md, "The kernel's age"."""


def kernel(lean: str) -> str:
    """The kernel of the verdict, in words, from the version that the embedded Lean gives of itself."""
    return f"the kernel of Lean {lean} (embedded, 32 bits), with every constant replayed; known faults looked for:"
