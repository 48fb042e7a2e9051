"""PostgreSQL for tests that need it, independent of the database of the test run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import environ
from django.db import connection, connections
from django.db.utils import ConnectionHandler

from tests.production.support import manage, own_postgres
from tests.support import environment


@contextmanager
def on_postgresql() -> Iterator[None]:
    """Fixtures write there meanwhile, and servers that tests start read there.

    Without DATABASE_URL it is a server of its own; without PostgreSQL's programs the tests are
    skipped, and in CI fail.
    """
    if connection.vendor == "postgresql":
        yield
        return
    with own_postgres() as postgres:
        manage(environment(DATABASE_URL=postgres.url), "migrate", "--verbosity=0")
        before = connections["default"]
        connections["default"] = ConnectionHandler({"default": _settings(postgres.url)})["default"]
        try:
            yield
        finally:
            connections["default"].close()
            connections["default"] = before


def _settings(url: str) -> dict[str, object]:
    """As tests/settings.py has them."""
    options = {"options": "-c synchronous_commit=off"}
    return {**environ.Env.db_url_config(url), "ENGINE": "tests.postgresql", "OPTIONS": options}
