"""The Dockerfile's steps, performed in a folder: there is no container engine where tests run.

What is the same: the instructions, their order, the build context as .dockerignore leaves it, the
environment, the user (when the tests run as root) and who may write where. What is not: the base
image is this machine's Python, a path like /app lies below the folder, and packages are copied from
the environment of the tests, so that nothing is downloaded; pip then checks that they are what the
lock names.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tests.support import PATIENCE_SECONDS, ROOT

Command = tuple[str, ...]
PLACES = re.compile(r"(?<![\w/.])/(?=(?:app|opt)\b)")


def instructions() -> list[tuple[str, str]]:
    """`(INSTRUCTION, its arguments)` of the Dockerfile, in order."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1].strip()) for line in lines if line.strip()]


def build_context() -> list[Path]:
    """The files under version control, or about to be, that .dockerignore lets into a build."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = [Path(name) for name in listing.stdout.split("\0") if name]
    return [name for name in names if not is_ignored(name) and (ROOT / name).is_file()]


def is_ignored(path: Path) -> bool:
    """As Docker decides: the last pattern that matches the path or a folder above it."""
    ignored = False
    candidates = [path, *path.parents]
    for pattern in _patterns():
        expression = _expression(pattern.removeprefix("!"))
        if any(expression.fullmatch(str(candidate)) for candidate in candidates):
            ignored = not pattern.startswith("!")
    return ignored


@cache
def _patterns() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*)", pattern)
    meaning = {"**/": "(?:.*/)?", "*": "[^/]*"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts))


@dataclass
class Image:
    """A stage of the Dockerfile, built below `root` by `python`."""

    root: Path
    python: Path
    env: dict[str, str] = field(default_factory=dict)
    user: str = ""
    folder: str = "/"
    health: Command = ()
    command: Command = ()

    @property
    def environment(self) -> dict[str, str]:
        """What a process in a container of it starts with; its paths are those of the folder."""
        return {"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", **self.env}

    def moved(self, text: str) -> str:
        return PLACES.sub(f"{self.root}/", text)

    def as_user(self, command: Command) -> Command:
        """`command` as the image's user when that is possible, without further rights."""
        command = ("env", *command)  # looks for the program once the rights are gone
        if os.geteuid() != 0:
            return command
        uid, gid = self.user.split(":")
        return ("setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs",
                "--inh-caps=-all", "--bounding-set=-all", *command)  # fmt: skip

    def run_as_user(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.as_user(command),
            cwd=self.root / self.folder.lstrip("/"),
            env={**self.environment, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )


def build(folder: Path, python: Path) -> Image:
    """The last stage. Raises CalledProcessError when a step fails."""
    stages: dict[str, Image] = {}
    image = Image(folder, python)
    for number, (instruction, arguments) in enumerate(instructions()):
        if instruction == "FROM":
            image = Image(folder / f"stage-{number}", python)
            (image.root / "bin").mkdir(parents=True)
            (image.root / "bin" / "python").symlink_to(python)
            stages[arguments.rpartition(" AS ")[2]] = image
        else:
            _STEPS[instruction](image, arguments, stages)
    return image


def _run(image: Image, arguments: str, _: dict[str, Image]) -> None:
    if " pip install " in arguments:
        _provide_packages(image)
    subprocess.run(
        ["sh", "-euc", image.moved(_owned(arguments))],
        cwd=image.root,
        env=image.environment,
        check=True,
    )


def _owned(command: str) -> str:
    """Only root can give files away; everybody else keeps them."""
    return command if os.geteuid() == 0 else re.sub(r" -[og] \d+", "", command)


def _copy(image: Image, arguments: str, stages: dict[str, Image]) -> None:
    *options, source, target = arguments.split()
    destination = Path(image.moved(target))
    if options:
        stage = stages[options[0].removeprefix("--from=")]
        destination.parent.mkdir(exist_ok=True)
        os.rename(stage.moved(source), destination)  # nobody asks that stage again
    elif source == ".":
        for name in build_context():
            _copy_privately(ROOT / name, destination / name)
    else:
        _copy_privately(ROOT / source, destination)


def _copy_privately(source: Path, target: Path) -> None:
    """As from a clone made with the umask 077."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(source.stat().st_mode & 0o700)


def _env(image: Image, arguments: str, _: dict[str, Image]) -> None:
    for assignment in shlex.split(arguments):
        name, _equals, value = assignment.partition("=")
        image.env[name] = image.moved(value.replace("$PATH", image.environment["PATH"]))


def _workdir(image: Image, arguments: str, _: dict[str, Image]) -> None:
    image.folder = arguments


def _user(image: Image, arguments: str, _: dict[str, Image]) -> None:
    image.user = arguments


def _healthcheck(image: Image, arguments: str, _: dict[str, Image]) -> None:
    image.health = tuple(json.loads(arguments.partition("CMD")[2]))


def _cmd(image: Image, arguments: str, _: dict[str, Image]) -> None:
    image.command = tuple(json.loads(arguments))


def _nothing(image: Image, arguments: str, _: dict[str, Image]) -> None:
    pass


_STEPS = {
    "RUN": _run,
    "COPY": _copy,
    "ENV": _env,
    "WORKDIR": _workdir,
    "USER": _user,
    "EXPOSE": _nothing,
    "HEALTHCHECK": _healthcheck,
    "CMD": _cmd,
}


def _provide_packages(image: Image) -> None:
    """Put what requirements.lock names, and nothing else, where pip is about to install it."""
    (site,) = (image.root / "opt/venv/lib").glob("python*/site-packages")
    lock = (ROOT / "requirements.lock").read_text()
    for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", lock, re.M):
        for relative, source in _files_of(name):
            target = site / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)  # with its time, or what is compiled were out of date


def _files_of(package: str) -> Iterator[tuple[Path, Path]]:
    """Of a package that the tests have; those for other systems are not installed here."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return
    for file in files:
        source = Path(str(file.locate()))
        if ".." not in file.parts and source.is_file():
            yield Path(*file.parts), source


def shared_python(user: str) -> Path | None:
    """A Python like this one that the image's user can run; None when there is none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (Path(sys.base_prefix) / "bin" / version, Path("/usr/bin") / version):
        probe = Image(python.parent, python, user=user).as_user(
            (str(python), "-c", "import ensurepip, venv")
        )
        if python.exists() and subprocess.run(probe, capture_output=True).returncode == 0:
            return python
    return None
