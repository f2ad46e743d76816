from __future__ import annotations

from prover.policy.premises import PremiseIndex, conclusion_of, head_of
from prover.policy.premises.neighbours import state_features
from prover.policy.premises.selector import Selector
from prover.policy.premises.statements import goal_words, words
from tests.prover.policy.premises.tiny import model

CORPUS = [
    (
        "List.length_append",
        "List.length_append.{u} {α : Type u} {as bs : List α} : (as ++ bs).length = as.length + bs.length",
    ),
    (
        "List.length_reverse",
        "List.length_reverse.{u} {α : Type u} {as : List α} : as.reverse.length = as.length",
    ),
    ("List.append_nil", "List.append_nil.{u} {α : Type u} (as : List α) : as ++ [] = as"),
    ("Nat.dvd_add", "Nat.dvd_add {m n k : Nat} (h₁ : m ∣ n) (h₂ : m ∣ k) : m ∣ n + k"),
    ("Nat.mul_mod", "Nat.mul_mod (a b n : Nat) : a * b % n = (a % n) * (b % n) % n"),
    ("Nat.le_of_dvd", "Nat.le_of_dvd {m n : Nat} (h1 : 0 < n) : m ∣ n → m ≤ n"),
    ("Int.emod_emod_of_dvd", "Int.emod_emod_of_dvd (n : Int) {m k : Int} (h : m ∣ k) : n % k % m = n % m"),
]


def test_the_theorem_about_the_same_functions_comes_first() -> None:
    index = PremiseIndex(CORPUS, model=None)
    assert index.search("(xs ++ ys).length = ys.length + xs.length", 3)[0].name == "List.length_append"
    assert index.search("d ∣ a + 3", 3)[0].name == "Nat.dvd_add"
    assert index.search("x * y % 7 = 1", 3)[0].name == "Nat.mul_mod"


def test_the_conclusion_counts_more_than_the_hypotheses() -> None:
    assert PremiseIndex(CORPUS, model=None).search("a ∣ b", 2)[0].name == "Nat.dvd_add"


def test_hypotheses_in_front_of_the_turnstile_weigh_less_than_the_target() -> None:
    found = PremiseIndex(CORPUS, model=None).search("h : x ∣ y ⊢ (xs ++ ys).length = n", 2)
    assert found[0].name == "List.length_append"


def test_results_are_best_first_and_at_most_k() -> None:
    found = PremiseIndex(CORPUS, model=None).search("as.length = n % m", 3)
    assert len(found) == 3
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


def test_only_theorems_of_imported_modules_are_found() -> None:
    modules = [name.split(".")[0] for name, _ in CORPUS]
    index = PremiseIndex(CORPUS, modules, model=None)
    assert index.search("n ∣ m + k", 3)[0].name == "Nat.dvd_add"
    found = index.search("n ∣ m + k", 9, frozenset({"List", "Int"}))
    assert found and not any(p.name.startswith("Nat") for p in found)


def test_an_equivalence_is_told_from_an_equation() -> None:
    index = PremiseIndex([("a", "a (p q : Prop) : p ∧ q ↔ q ∧ p"), ("b", "b (n m : Nat) : n + m = m + n")])
    assert {p.name: (p.rewrites, p.equivalence) for p in index.search("∧ +", 2)} == {"a": (True, True), "b": (True, False)}


def test_an_empty_index_finds_nothing() -> None:
    assert PremiseIndex([]).search("a = b", 5) == []


def test_variables_are_no_symbols() -> None:
    assert list(words("xs.length + n₁ = List.map f ys")) == ["xs", "length", "add", "eq", "list", "map"]


def test_conclusion_stands_behind_the_arrows() -> None:
    assert conclusion_of(dict(CORPUS)["Nat.le_of_dvd"]) == "m ≤ n"
    assert head_of("(as ++ bs).length = n") == ("=", "length")


def test_what_a_proof_used_is_found_at_the_next_search() -> None:
    index = PremiseIndex(CORPUS, model=model())
    goal = "m n : Nat ⊢ fib (m + n + 1) % 7 = 1"
    index.learn(goal, ["Int.emod_emod_of_dvd", "not_in_the_library"])
    selector = index.selector
    evidence = selector.neighbours.ask(state_features(goal_words(goal).target, goal_words(goal).hypotheses))
    assert [selector.names[p] for p in evidence] == ["Int.emod_emod_of_dvd"]
    assert evidence[6].share == 1.0
    assert "Int.emod_emod_of_dvd" in [p.name for p in index.search(goal, 7)]


def test_a_premise_that_the_place_cannot_see_is_never_offered_though_it_served_before() -> None:
    index = PremiseIndex(CORPUS, [name.split(".")[0] for name, _ in CORPUS], model=model())
    index.learn("a b : Nat ⊢ a ∣ b + 3", ["Nat.dvd_add"])
    found = index.search("a b : Nat ⊢ a ∣ b + 3", 9, frozenset({"List", "Int"}))
    assert found and not any(p.name.startswith("Nat") for p in found)


def test_a_theorem_of_the_file_ranks_first_where_it_fits_and_not_elsewhere() -> None:
    own = {
        "mine": "@[simp] theorem mine (xs : List Nat) :\n    (zigzag xs).length = xs.length",
        "other": "private theorem other (a b : Nat) : a * b = b * a",
    }
    for which in (None, model()):
        index = PremiseIndex(CORPUS, [name.split(".")[0] for name, _ in CORPUS], model=which)
        goal = "⊢ (zigzag as).length = n"
        found = index.search(goal, 3, own=own)
        assert found[0].name == "mine" and found[0].rewrites
        assert "mine" not in {p.name for p in index.search(goal, 9)}, "only in its file"
        assert {p.name for p in index.search(goal, 9, frozenset(), own)} <= set(own), "the library is not seen"
        assert index.search("⊢ m ∣ n", 1, own=own)[0].name not in own


def test_a_selector_extended_by_a_file_is_the_one_made_of_all_at_once() -> None:
    names, signatures = zip(*CORPUS, strict=True)
    modules = ["A"] * len(names)
    extended, _ = Selector(names[:3], signatures[:3], modules[:3], model()).extended(names[3:], signatures[3:])
    whole = Selector(names, signatures, ["A"] * 3 + ["file"] * (len(names) - 3), model())
    for goal in ("⊢ (xs ++ ys).length = n", "⊢ a ∣ b + c", "h : a ≤ b ⊢ a + c ≤ b + c"):
        assert extended.rank(goal, 9) == whole.rank(goal, 9)
