"""The lock files satisfy the project, on each supported Python."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.home import DEVELOPMENT_LOCK, RUN_LOCK
from tests.support import ROOT


def pinned(lock: str) -> list[Requirement]:
    """Every `name[extras]==version ; marker` of a lock file."""
    found = re.findall(r"^(\w.*==.*?) \\$", (ROOT / lock).read_text(), re.M)
    return [Requirement(requirement) for requirement in found]


def test_development_lock_holds_the_whole_run_lock() -> None:
    assert set(pinned(RUN_LOCK)) <= set(pinned(DEVELOPMENT_LOCK))


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_one_version_of_each_package_serves_all_pythons(lock: str) -> None:
    names = [canonicalize_name(pin.name) for pin in pinned(lock)]

    assert [] == [name for name in names if names.count(name) > 1]


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_every_extra_that_is_asked_for_has_a_pin(lock: str) -> None:
    """Older pips, 23.2 among them, refuse `name[extra]` when only `name` has a hash."""
    pins = {canonicalize_name(pin.name): pin.extras for pin in pinned(lock)}
    asked = asked_for(lock)

    assert any(requirement.extras for requirement in asked)
    assert [] == [
        f"{requirement.name}[{extra}]"
        for requirement in asked
        for extra in requirement.extras - pins[canonicalize_name(requirement.name)]
    ]


def asked_for(lock: str) -> list[Requirement]:
    """What the project and, by their metadata, its installed packages ask for here."""
    waiting = wanted_by_project(lock)
    asked: dict[str, Requirement] = {}
    while waiting:
        requirement = waiting.pop()
        if str(requirement) not in asked:
            asked[str(requirement)] = requirement
            waiting += needs(requirement)
    return list(asked.values())


def needs(requirement: Requirement) -> list[Requirement]:
    extras = requirement.extras or {""}
    return [
        needed
        for needed in map(Requirement, metadata.requires(requirement.name) or [])
        if applies(needed, extras)
    ]


def applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def wanted_by_project(lock: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    if lock == DEVELOPMENT_LOCK:
        wanted += project["dependency-groups"]["dev"]
    return [each for each in map(Requirement, wanted) if applies(each, {""})]


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_lock_satisfies_the_project(lock: str) -> None:
    for requirement in wanted_by_project(lock):
        name = canonicalize_name(requirement.name)
        pins = [str(pin.specifier)[2:] for pin in pinned(lock) if pin.name == name]
        assert pins, f"run scripts/lock: {requirement} is not in {lock}"
        assert pins == list(requirement.specifier.filter(pins)), f"{lock}: {requirement}"


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())

    assert len(pinned(lock)) == len(blocks)  # so there are no options, like --index-url
    assert [] == [block for block in blocks if "--hash=sha256:" not in block]
    assert "://" not in text
