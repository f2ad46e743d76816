from __future__ import annotations

from prover.policy.premises.statements import goal_words, pieces, statement_words


def test_an_operator_has_the_word_that_stands_for_it_in_names() -> None:
    assert {"add", "le"} <= set(goal_words("⊢ a + b ≤ c").target)
    assert {"add", "le", "of"} <= set(pieces("Nat.add_le_of_le_sub"))


def test_hypotheses_and_target_are_kept_apart_and_later_goals_are_not_read() -> None:
    found = goal_words("n : Nat\nh : n ∣ 4\n⊢ List.length xs = n\n\ncase b\n⊢ String.isEmpty s")
    assert "dvd" in found.hypotheses and "dvd" not in found.target
    assert "length" in found.target and "string" not in found.target


def test_bound_names_are_no_words_of_a_statement() -> None:
    found = statement_words("f_map", "f_map {alpha : Type u} (first second : List alpha) : first ++ second = second")
    assert found.name == ("map",)
    assert "first" not in found.conclusion and "append" in found.conclusion and "list" in found.assumptions
