"""The key set in a mapped file says what a set in memory would say."""

import random
from pathlib import Path

from data.mutation.keys import FULL, SLOT, KeySet


def test_it_agrees_with_a_set_while_it_grows(tmp_path: Path) -> None:
    rng = random.Random(1)
    drawn = [rng.getrandbits(64) for _ in range(60_000)] + [0, 0, (1 << 64) - 2]
    seen: set[int] = set()
    with KeySet(tmp_path / "keys", drawn[:10]) as keys:
        seen.update(drawn[:10])
        for key in drawn[10:]:
            assert keys.add(key) == (key not in seen)
            seen.add(key)
        assert len(keys) == len(seen)
        assert all(key in keys for key in drawn)
        assert not any(rng.getrandbits(64) in keys for _ in range(1000))
        assert len(seen) / FULL * SLOT <= keys.disk_bytes <= 2 * len(seen) / FULL * SLOT


def test_the_file_goes_with_the_set(tmp_path: Path) -> None:
    with KeySet(tmp_path / "keys", [1]):
        assert (tmp_path / "keys").exists()
    assert not (tmp_path / "keys").exists()


def test_what_an_earlier_run_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"\x01" * 1_000_000)
    with KeySet(tmp_path / "keys") as keys:
        assert 0x0101010101010101 not in keys
