"""The exception tree: names, parents and exit codes that commands and callers rely on."""

from __future__ import annotations

import inspect

import pytest

from prover import errors


def tree() -> list[type[errors.ProverError]]:
    return [
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, errors.ProverError) and value.__module__ == errors.__name__
    ]


def test_public_names_are_pinned() -> None:
    assert sorted(error.__name__ for error in tree()) == [
        "ConfigError",
        "DataError",
        "LeanCrashedError",
        "LeanProcessError",
        "LeanProtocolError",
        "LeanSetupError",
        "LeanTimeoutError",
        "PolicyError",
        "ProverError",
        "StorageError",
    ]


@pytest.mark.parametrize(
    "name", ["LeanSetupError", "LeanTimeoutError", "LeanCrashedError", "LeanProtocolError"]
)
def test_what_a_lean_process_does_is_one_family(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.LeanProcessError)


def test_no_error_shadows_the_value_of_lean_dojo() -> None:
    assert not hasattr(errors, "LeanError")


def test_bad_input_and_environment_have_their_own_exit_codes() -> None:
    codes = {error.__name__: error.exit_code for error in tree()}
    assert {name for name, code in codes.items() if code == errors.EXIT_USAGE} == {"DataError", "ConfigError"}
    assert set(codes.values()) == {errors.EXIT_USAGE, errors.EXIT_ENVIRONMENT}


def test_exit_codes_are_those_of_the_style() -> None:
    codes = (errors.EXIT_DONE, errors.EXIT_NOT_PROVED, errors.EXIT_USAGE, errors.EXIT_ENVIRONMENT)
    assert codes == (0, 1, 2, 3)


def test_every_docstring_says_when() -> None:
    assert all(error.__doc__ and len(error.__doc__) > 40 for error in tree())
