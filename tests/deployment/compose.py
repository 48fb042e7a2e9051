"""The Compose files, read."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.support import ROOT

COMPOSE_FILES = ("docker-compose.yml", "docker-compose.scale.yml")


def compose(name: str) -> dict[str, Any]:
    content = yaml.safe_load((ROOT / name).read_text())
    assert isinstance(content, dict)
    return content


def interpolated(value: str) -> str:
    """As Compose does it when .env says DOMAIN and nothing else."""
    variable = re.compile(r"\$\{(\w+)(?::[-?]([^}]*))?\}")
    known = {"DOMAIN": "mcp.example.org"}
    return variable.sub(lambda found: known.get(found[1], found[2]), value)
