"""Goals for policy tests, written as one reads them."""

from __future__ import annotations

from prover.lean.context import FileContext
from prover.policy.base import GoalText, Hypothesis, Offer, Proposer, View

NONE = FileContext()


def view(target: str, *hypotheses: str, stage: int = 0, file_context: FileContext = NONE) -> View:
    """`view("n = m", "n m : Nat", "h : m = n")`."""
    found = []
    for line in hypotheses:
        names, _, of_type = line.partition(" : ")
        found += [Hypothesis(name, of_type) for name in names.split()]
    return View(f"⊢ {target}", (GoalText(tuple(found), target),), file_context, stage)


def offered(proposer: Proposer, seen: View) -> list[str]:
    """The tactics, likeliest first."""
    offers: list[Offer] = list(proposer.propose(seen))
    return [o.tactic for o in sorted(offers, key=lambda o: -o.log_prob)]


POWER = """def power (b : Nat) : Nat → Nat
  | 0 => 1
  | n + 1 => b * power b n"""
ONTO = """def reverseOnto {α : Type} (xs acc : List α) : List α :=
  match xs with
  | [] => acc
  | x :: rest => reverseOnto rest (x :: acc)"""
TREE = """inductive Tree (α : Type) : Type where
  /-- The empty tree. -/
  | leaf : Tree α
  | node (left : Tree α) (value : α) (right : Tree α) : Tree α"""
EVEN = """inductive IsEven : Nat → Prop where
  | zero : IsEven 0
  | step (n : Nat) (h : IsEven n) : IsEven (n + 2)"""
OWN = FileContext(
    definitions=("power", "reverseOnto"),
    inductives=("Tree", "IsEven"),
    theorems={"power_zero": "theorem power_zero (b : Nat) : power b 0 = 1"},
    sources={"power": POWER, "reverseOnto": ONTO, "Tree": TREE, "IsEven": EVEN},
)
