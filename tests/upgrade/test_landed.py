"""Migrations that have landed stay as they are."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.support import ROOT

LANDED = Path(__file__).with_name("landed.txt")
WHAT_TO_DO = """
A database that has applied a migration never applies it again, so editing it changes nothing there.
If you edited or removed one: put it back as it was (git checkout), and let a new one do the rest:
    .venv/bin/python manage.py makemigrations
If you added one: add its line to tests/upgrade/landed.txt, and never touch the file again:
    {digest}  {path}
"""


def migrations() -> dict[str, str]:
    """The path of each, and the digest of its text, however its lines end."""
    files = sorted(ROOT.glob("*/migrations/[0-9]*.py"))
    return {
        file.relative_to(ROOT).as_posix(): sha256(file.read_text("utf-8").encode()).hexdigest()
        for file in files
    }


def landed() -> dict[str, str]:
    lines = [line.split("  ") for line in LANDED.read_text("utf-8").splitlines()]
    return {path: digest for digest, path in lines}


@pytest.mark.parametrize("path", sorted({*migrations(), *landed()}))
def test_a_landed_migration_is_never_edited(path: str) -> None:
    found = migrations().get(path, "no such file")

    assert landed().get(path) == found, WHAT_TO_DO.format(path=path, digest=found)


@pytest.mark.django_db
@pytest.mark.any_database
def test_the_models_are_what_the_migrations_make() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # exits if they are not
