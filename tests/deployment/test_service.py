"""The systemd unit of docs/deploy, and what docs/install.md says before it is started."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from infinity_mcp.serving.connections import MAX_FILES
from tests.support import ROOT

UNIT = ROOT / "docs/deploy/infinity-mcp.service"


def service() -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return dict(parser["Service"])


def commands_of(title: str) -> list[str]:
    """The lines of code below a title of docs/install.md."""
    section = (ROOT / "docs/install.md").read_text().partition(f"\n## {title}\n")[2]
    code = re.search(r"```sh\n(.*?)```", section.partition("\n## ")[0], re.S)
    assert code
    return code[1].splitlines()


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    installed = tmp_path / UNIT.name
    python = service()["ExecStart"].split()[0]
    installed.write_text(UNIT.read_text().replace(python, sys.executable))

    command = ["systemd-analyze", "verify", str(installed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert (0, "") == (done.returncode, done.stdout + done.stderr)


def test_only_the_server_is_told_to_stop_and_has_the_time_it_takes() -> None:
    assert "mixed" == service()["KillMode"]
    assert "70" == service()["TimeoutStopSec"]  # mcp_serve lets calls end for 60 s


def test_server_may_open_the_files_that_its_most_connections_take() -> None:
    assert str(MAX_FILES) == service()["LimitNOFILE"]
    for name in ("docker-compose.yml", "docker-compose.scale.yml"):
        of_server = yaml.safe_load((ROOT / name).read_text())["services"]["infinity-mcp"]
        assert {"nofile": MAX_FILES} == of_server["ulimits"]


def test_folders_that_the_service_writes_to_are_made_before_it_starts() -> None:
    """Without one of them systemd does not start it: 226/NAMESPACE."""
    home = Path(service()["WorkingDirectory"])
    needed = {Path(path).relative_to(home).name for path in service()["ReadWritePaths"].split()}
    made = next(line for line in commands_of("Step by step") if line.startswith("mkdir -p "))

    assert {"config", "data"} == needed
    assert needed <= set(made.split())


def test_the_user_is_there_first_and_everything_is_made_as_that_user() -> None:
    user, home = service()["User"], service()["WorkingDirectory"]
    lines = commands_of("As a service with systemd")

    assert lines[0].startswith("sudo useradd ") and lines[0].endswith(f" {user}")
    assert lines[1].split()[:2] == ["sudo", "install"]
    assert {"-d", user, home} <= set(lines[1].split())
    (clone, shell) = (line for line in lines if line.startswith(f"sudo -u {user} "))
    assert "git clone" in clone
    assert "Step by step" in shell
    assert lines.index(shell) < lines.index(f"sudo systemctl enable --now {user}")
