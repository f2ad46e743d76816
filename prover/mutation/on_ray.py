"""A mutation run over several machines: the workers are Ray actors, each with a Lean process.

Only chunks and records travel; the folder, the order of the chunks and what counts as a duplicate stay with
the command, so the shards are the same as without Ray. Each machine needs Proofsmith installed; it obtains
the embedded Lean by itself (`proofsmith setup`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from data.mutation.records import Mutant
from prover.errors import ConfigError, LeanCrashedError
from prover.mutation.host import Host, MutationSettings

LOCAL = "local"
START_TIMEOUT_S = 600.0
USED_TIMEOUT_S = 30.0


def connect(address: str, **options: Any) -> Callable[[MutationSettings], RayHost]:
    """Joins a cluster, and gives what makes workers there.

    Args:
        address: what `ray.init` takes, such as `10.0.0.1:6379` or `auto`; `local` starts one on this machine.
        options: for `ray.init`.

    Raises:
        ConfigError: there is no cluster at the address.
    """
    import ray

    try:
        ray.init(
            None if address == LOCAL else address,
            ignore_reinit_error=True,
            log_to_driver=False,
            include_dashboard=None if address != LOCAL else False,
            **options,
        )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise ConfigError(f"--ray {address}: no cluster answers there ({str(error).splitlines()[0]})") from error
    return RayHost


class RayHost:
    """A worker somewhere on the cluster; answers as `Host` does."""

    def __init__(self, settings: MutationSettings) -> None:
        import ray

        self._ray = ray
        self._settings = settings
        # While a chunk is under way, a second thread tells what it has used.
        self._new = ray.remote(Host).options(num_cpus=1, max_concurrency=2).remote
        self._actor: Any = self._new(settings)
        self._used = 0.0
        self._lost = 0.0

    def roots(self) -> list[str]:
        """Theorems that can be mutated."""
        roots: list[str] = self._ask("roots")
        return roots

    def mutate(self, roots: list[str], seed: int) -> dict[str, Any]:
        """One chunk. Raises LeanProcessError when the process, or its machine, is lost."""
        reply: dict[str, Any] = self._ask("mutate", roots, seed)
        return reply

    def grade(self, mutant: Mutant) -> tuple[str | None, bool | None]:
        """Which tactic alone proves it, and whether its hypotheses are refuted by one."""
        grade: tuple[str | None, bool | None] = self._ask("grade", mutant)
        return grade

    def used_s(self) -> float:
        """Processor seconds, as far as the worker can be asked."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._used = self._ray.get(self._actor.used_s.remote(), timeout=USED_TIMEOUT_S)
        return self._lost + self._used

    def interrupt(self) -> None:
        """Ends the worker."""
        self._ray.kill(self._actor)

    def close(self) -> None:
        """Ends the worker's process, and the worker."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.get(self._actor.close.remote(), timeout=USED_TIMEOUT_S)
        self._ray.kill(self._actor)

    def _ask(self, method: str, *args: Any) -> Any:
        try:
            return self._ray.get(getattr(self._actor, method).remote(*args))
        except self._ray.exceptions.RayActorError as error:
            self._lost += self._used
            self._used = 0.0
            self._actor = self._new(self._settings)
            raise LeanCrashedError(f"a worker of the cluster is gone: {str(error).splitlines()[0]}") from error
