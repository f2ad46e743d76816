"""What a proof rests on: every constant that it reaches, and whether one of them must not be trusted.

The theorem's constant is followed through all constants that are not the library's. What is found is named in
plain words; the kernel has its own say elsewhere (`prover/lean/host/kernel.cjs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prover.lean.embedded.protocol import Constant, Constants

ALLOWED_AXIOMS = ("Classical.choice", "Quot.sound", "propext")
"""The three axioms of ordinary mathematics in Lean. All others are refused, known or not."""

COMPILER_AXIOMS = frozenset({"Lean.ofReduceBool", "Lean.ofReduceNat", "Lean.trustCompiler"})
COMPILER = COMPILER_AXIOMS | {"Lean.reduceBool", "Lean.reduceNat"}
"""With these a run of a compiled program counts as a proof. The last two are opaque constants and not axioms,
but the kernel evaluates them by running code, and their bodies, which name the axiom, are not in the exported
library."""

UNSAFE_AXIOMS = frozenset({"lcErased", "lcProof", "lcVoid", "lcAny", "lcUnreachable", "lcCast", "Quot.lcInv"})
CORE_AXIOMS = frozenset({"sorryAx", *ALLOWED_AXIOMS}) | COMPILER_AXIOMS | UNSAFE_AXIOMS
"""All that Init, Std and Lean declare with `axiom`, by Lean's own record (`Lean.getOriginalConstKind?`) at
this commit. In the package, theorems look like axioms, too; this list, next to that record, tells them
apart."""

ODD = "⚠"
SEVERITY = ("name", "axiom", "native", "implemented_by", "extern", "csimp", "unsafe", "partial", "sorry")
"""Categories, the one that is reported first when there are several."""


@dataclass(frozen=True)
class Refusal:
    """Why a proof is not accepted: a word for programs, a sentence for people."""

    category: str
    reason: str


@dataclass(frozen=True)
class Ground:
    """What a theorem rests on. `open` are theorems of the file that are themselves unproved."""

    reached: tuple[str, ...]
    axioms: tuple[str, ...]
    open: tuple[str, ...]
    refusal: Refusal | None


def ground(
    root: str,
    constants: Constants,
    open_theorems: frozenset[str] = frozenset(),
    given: Mapping[str, Constant] | None = None,
) -> Ground:
    """Follows a constant to all that it rests on.

    Args:
        root: the theorem.
        constants: of the state that has it.
        open_theorems: may be used though they are not proved; their proofs are not followed.
        given: constants of a trusted file; what they run as code is that file's business.

    Returns:
        What was reached, with the gravest objections, if any, in words.
    """
    found: dict[str, str] = {root: ""}
    queue = [root]
    axioms: set[str] = set()
    leaned_on: list[str] = []
    objections: list[Refusal] = []
    for name in queue:  # grows
        constant = constants.by_name.get(name)
        if constant is None:
            objections += _library_objections(name, found[name], constants.imported_axioms)
            if name in ALLOWED_AXIOMS:
                axioms.add(name)
            continue
        objections += _partial_recursion(constant, constants)
        same_code = given is not None and _code(given.get(name)) == _code(constant)
        objections += _objections(constant, found[name], same_code)
        if name in open_theorems and name != root:
            leaned_on.append(name)
        uses = constant.type_uses if name in open_theorems and name != root else constant.uses
        for used in uses:
            if used not in found:
                found[used] = name
                queue.append(used)
    reached = tuple(name for name in queue if name in constants.by_name)
    return Ground(reached, tuple(sorted(axioms)), tuple(leaned_on), _gravest(objections))


def together(found: Sequence[Ground]) -> Ground:
    """What several constants rest on."""
    reached = tuple(dict.fromkeys(name for g in found for name in g.reached))
    axioms = tuple(sorted({name for g in found for name in g.axioms}))
    leaned_on = tuple(dict.fromkeys(name for g in found for name in g.open))
    return Ground(reached, axioms, leaned_on, next((g.refusal for g in found if g.refusal is not None), None))


def sorried(constants: Constants) -> frozenset[str]:
    """The theorems whose own proof is a `sorry`, Lean's auxiliary constants being part of the proof."""
    result = set()
    for name, constant in constants.by_name.items():
        if constant.kind != "theorem" or constant.internal:
            continue
        seen, queue = {name}, [name]
        for at in queue:  # grows
            for used in constants.by_name[at].uses:
                inside = used in constants.by_name and constants.by_name[used].internal
                if used == "sorryAx" or (inside and used not in seen):
                    seen.add(used)
                    if inside:
                        queue.append(used)
        if "sorryAx" in seen:
            result.add(name)
    return frozenset(result)


def added_code(constants: Constants, given: Mapping[str, Constant]) -> Refusal | None:
    """What a file adds to the code that Lean would run in place of definitions, used by a theorem or not."""
    objections = [
        refusal
        for constant in constants.by_name.values()
        if not constant.internal and _code(given.get(constant.name)) != _code(constant)
        for refusal in _objections(constant, "", False)
        if refusal.category in ("implemented_by", "extern", "csimp")
    ]
    return _gravest(objections)


def _code(constant: Constant | None) -> tuple[object, ...]:
    if constant is None:
        return ()
    return (constant.unsafe, constant.partial, constant.implemented_by, constant.extern, constant.csimp)


def _objections(constant: Constant, via: str, same_code: bool) -> list[Refusal]:
    name = constant.name + (f" (used by {via})" if via else "")
    found: list[Refusal] = []
    if constant.name.startswith(ODD):
        found.append(Refusal("name", f"a constant has a name that cannot be written: {constant.name}"))
    if constant.kind == "axiom":
        found.append(Refusal("axiom", f"it rests on the axiom {name}"))
    if same_code:
        return found
    if constant.unsafe:
        found.append(Refusal("unsafe", f"it rests on {name}, which is unsafe"))
    if constant.partial:
        found.append(Refusal("partial", f"it rests on {name}, which is partial"))
    if constant.implemented_by is not None:
        by = constant.implemented_by
        found.append(Refusal("implemented_by", f"{name} is replaced by {by} when it runs (implemented_by)"))
    if constant.extern:
        found.append(Refusal("extern", f"{name} is replaced by foreign code when it runs (extern)"))
    if constant.csimp:
        found.append(Refusal("csimp", f"{name} replaces code in the compiler (csimp)"))
    return found


def _partial_recursion(constant: Constant, constants: Constants) -> list[Refusal]:
    """A `partial def` is an opaque constant; its recursion stands beside it, for the compiler."""
    recursion = constants.by_name.get(f"{constant.name}._unsafe_rec")
    if constant.kind == "opaque" and recursion is not None:
        return [Refusal("partial", f"it rests on {constant.name}, which is partial")]
    return []


def _library_objections(name: str, via: str, imported_axioms: frozenset[str]) -> list[Refusal]:
    if name == "sorryAx":
        return [Refusal("sorry", f"{via} has a sorry")]
    if name in COMPILER:
        return [Refusal("native", f"it trusts the compiler ({name}, used by {via}), as native_decide does")]
    if name.endswith("._unsafe_rec"):
        return [Refusal("unsafe", f"it rests on {name} (used by {via}), which is the compiler's")]
    if name in ALLOWED_AXIOMS:
        return []
    if name in CORE_AXIOMS or name in imported_axioms:
        return [Refusal("axiom", f"it rests on the axiom {name} (used by {via})")]
    return []


def _gravest(objections: list[Refusal]) -> Refusal | None:
    if not objections:
        return None
    ordered = sorted(objections, key=lambda o: SEVERITY.index(o.category))
    reasons = list(dict.fromkeys(o.reason for o in ordered))
    more = f"; and {len(reasons) - 2} more" if len(reasons) > 2 else ""
    return Refusal(ordered[0].category, "; ".join(reasons[:2]) + more)


FAULTS = (
    "types, constructors and recursors of new inductive types checked as terms (#14576, #14577)",
    "no free variables or holes in values, opaque ones included (#14607, #14484)",
    "new inductive types applied to their own parameters and universes only (#14582)",
    "sorts of new inductive types Prop or never Prop, and written so (#14613, #14807, #14843)",
    "projections of structures alone, within their fields (#14613, #14632, #14807)",
    "no name twice in a block, none that the kernel keeps or computes with (#14616, #14632)",
    "no recursive argument behind a computation, rules of new recursors take what their cases take (#14806, #14808)",
    "reference counts cannot overflow in 4 GiB (#14838, #15241, #15288, #15289)",
)
"""Found in kernels up to 4.34.1; see docs/audit.md, "The kernel's age"."""


def kernel(lean: str) -> str:
    """The kernel of the verdict, in words, from the version that the embedded Lean gives of itself."""
    return f"the kernel of Lean {lean} (embedded, 32 bits), with every constant replayed; known faults looked for:"
