"""Keeps a small model to names that exist: those of the library as the file imports it, of the file, and of the goal.

A model of a million weights writes names that look right and mostly are not there: a third of all that the default model
proposed for the library's theorems. Beam search asks after each token whether the text can still become a tactic with known
names (`Sampling.fits`), so the beams go to those that can. Constrained decoding over a set of strings is De Cao et al. 2021,
"Autoregressive Entity Retrieval" (arXiv 2010.00904); the words between the names are left to the model.
"""

from __future__ import annotations

import re
from functools import lru_cache

from prover.policy.base import View
from prover.policy.names import Names
from prover.policy.neural.generator import Fits

WORD = re.compile(r"(?<![\w.'])[^\W\d][\w'!?₀-₉]*(?:\.[^\W\d][\w'!?₀-₉]*)*\.?")
KEYWORDS = frozenset({
    "ac_rfl", "all_goals", "and", "any_goals", "apply", "apply_assumption", "apply_rules", "arith", "assumption",
    "assumption_mod_cast", "at", "by", "by_cases", "by_contra", "calc", "case", "cases", "classical", "clear",
    "clear_value", "congr", "constructor", "contradiction", "conv", "decide", "delta", "dsimp", "else", "erw", "exact",
    "exact_mod_cast", "exfalso", "exists", "ext", "ext1", "first", "from", "fun", "funext", "generalize", "generalizing",
    "grind", "have", "haveI", "hiding", "if", "in", "induction", "infer_instance", "infer_instance_as", "injection",
    "injections", "intro", "intros", "iterate", "left", "let", "letI", "lhs", "lift_lets", "match", "native", "next",
    "nofun", "nomatch", "norm_cast", "norm_num", "not", "obtain", "of", "omega", "only", "or", "push_cast", "rcases",
    "refine", "rename", "rename_i", "repeat", "replace", "revert", "rewrite", "rfl", "rhs", "right", "rintro",
    "rotate_left", "rotate_right", "rw", "rw_mod_cast", "rwa", "show", "show_from", "simp", "simp_all", "simp_arith",
    "simpa", "skip", "solve_by_elim", "specialize", "split", "subst", "subst_eqs", "subst_vars", "suffices", "symm", "then",
    "this", "trivial", "try", "unfold", "using", "with", "zeta", "Prop", "Type", "Sort", "True", "False",
})  # fmt: skip
INTRODUCE = re.compile(
    r"(?<![\w.])(?:intros?|rintro|fun|obtain|with|have|haveI|let|letI|ext1?|funext|rename_i|case|next|by_cases|generalize|suffices"
    r"|replace)(?!\w)|[∃∀λ|]"
)
TYPED = re.compile(r":|=>|(?<![\w.])(?:at|using|by)(?!\w)")
"""Behind these, names are used and not made up."""
NEW_NAME = 4
"""Names that a tactic makes up are so short; `h` may stand in front."""
PROJECTIONS = frozenset({
    "symm", "mp", "mpr", "trans", "le", "ge", "lt", "gt", "ne", "not_lt", "not_le", "elim", "resolve_left", "resolve_right",
    "left", "right",
})  # fmt: skip
UNFINISHED = re.compile(
    r"(?:^|[;⟩]\s*)(?:exact|apply|rw|erw|rwa|have|haveI|let|letI|replace|refine|obtain|rcases|rintro|by_cases|specialize|show"
    r"|change|suffices|induction|cases|generalize|exists|revert|subst|clear|unfold|injection|case|rename_i"
    r"|(?:have|replace|suffices)\s+\w+)\s*$"
    r"|(?:[,(\[⟨←:=|∘+*/<>≤≥∧∨→↔-]|\bat|\bwith|\busing|\bby|\bfun|\bfrom|<;>)\s*$"
)
PAIRS = (("(", ")"), ("[", "]"), ("⟨", "⟩"), ("{", "}"))


def fits(view: View, names: Names) -> Fits:
    """A question that beam search can ask of a text: can it still become, or is it, a tactic that says known names only?

    Errs on the side of yes for names that the tactic itself introduces.
    """
    local = frozenset(h.name for goal in view.goals for h in goal.named)
    around = view.file_context
    own = Names.of([*around.definitions, *around.inductives, *around.theorems])
    begun = Names.of([*local, *KEYWORDS])
    spaces = _namespaces(view.theorem)

    def readings(word: str) -> list[str]:
        return [word, *(f"{space}.{word}" for space in spaces)]

    @lru_cache(maxsize=4096)
    def is_name(word: str) -> bool:
        parts = word.split(".")
        if parts[0] in local or any(full in names or full in own for full in readings(word)):
            return True
        head = ".".join(parts[:-1])
        return head in around.inductives or (parts[-1] in PROJECTIONS and is_proof(head))

    def is_proof(word: str) -> bool:
        return word.rpartition(".")[2][:1].islower() and is_name(word)

    @lru_cache(maxsize=4096)
    def begins_name(word: str) -> bool:
        head, dot, last = word.rpartition(".")
        if dot and (head.split(".")[0] in local or head in around.inductives):
            return True
        if dot and any(p.startswith(last) for p in PROJECTIONS) and is_proof(head):
            return True
        return begun.begins(word) or any(names.begins(full) or own.begins(full) for full in readings(word))

    def fitting(text: str, ended: bool) -> bool:
        if ended and (UNFINISHED.search(text) or any(text.count(a) != text.count(b) for a, b in PAIRS)):
            return False
        for found in WORD.finditer(text):
            word = found[0]
            under_way = not ended and found.end() == len(text)
            if word not in KEYWORDS and not (begins_name if under_way else is_name)(word) and not _introduced(text, found):
                return False
        return True

    return fitting


def _introduced(text: str, word: re.Match[str]) -> bool:
    """Whether a tactic makes up a name here, or has made it up before."""
    name = word[0]
    before = text[: word.start()]
    if "." in name:
        return False
    if before.rstrip().endswith("|"):
        return True  # the constructor of an alternative
    if len(name) > NEW_NAME + (name[0] == "h"):
        return False
    if any(m[0] == name for m in WORD.finditer(before)):
        return True
    *_, last = (0, *(m.end() for m in INTRODUCE.finditer(before)))
    return last > 0 and TYPED.search(before, last) is None


def _namespaces(theorem: str) -> tuple[str, ...]:
    """What is open inside a theorem because of its name: `List.Perm` and `List` in `List.Perm.symm`."""
    parts = theorem.split(".")[:-1]
    return tuple(".".join(parts[:i]) for i in range(len(parts), 0, -1))
