"""Reads and validates settings from the environment, with errors that name the setting."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from infinity_mcp.core.env.dotenv import read_assignments
from infinity_mcp.core.env.variables import Variables, expanded
from infinity_mcp.core.files.remedies import remedy

FAMILIES = ("INFINITY_", "MCP_", "OAUTH_")  # prefixes of names that are only ours


class Env(environ.FileAwareEnv):
    """Also reads NAME_FILE for every NAME, so that secrets can come from files."""

    ENVIRON = Variables()

    # The file that set each variable; others are from the environment. On the class, because Django
    # reads settings a second time after an error.
    _places: ClassVar[dict[str, Path]] = {}
    _read: ClassVar[set[str]] = set()

    def read_file(self, path: Path) -> None:
        """Read the variables in `path` that the environment lacks; the file may be missing."""
        try:
            path.stat()
            found = read_assignments(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            what_to_do = remedy(error, path)
            raise ImproperlyConfigured(
                f"{path} cannot be read: {error.strerror}. {what_to_do}".rstrip()
            ) from error
        for name, value in found.items():
            if name not in os.environ:
                os.environ[name], self._places[name] = value, path

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **_: Any
    ) -> Any:
        """The value without the spaces around it; an empty text counts as not set.

        The library would take a value that begins with `$` as the name of another variable.
        """
        self._read.add(var)
        value = self.ENVIRON.get(var, default)
        if value is self.NOTSET:
            raise ImproperlyConfigured(f"{var} is not set.")
        if not isinstance(value, str):
            return value
        text = value.strip() or (default if isinstance(default, str) else "")
        return self.parse_value(text, cast)

    def unknown(self) -> dict[str, str]:
        """Names that a file sets and no setting has read, with the setting that may be meant.

        Skips names unlike ours: the file may also have variables of Docker Compose.
        """
        known = self._read | {f"{name}_FILE" for name in self._read}
        unknown = {}
        for name in sorted(self._places.keys() - known):
            near = get_close_matches(name.upper(), known, n=1, cutoff=0.75)
            if near or name.startswith(FAMILIES):
                unknown[name] = near[0] if near else ""
        return unknown

    def wrong(self, var: str, what: str) -> ImproperlyConfigured:
        """An error that says what a setting must be, what it is, and where. Not for secrets."""
        if os.environ.get(f"{var}_FILE"):
            return ImproperlyConfigured(f"{var} {what}: see the file that {var}_FILE names.")
        place = self._places.get(var, "the environment")
        if not os.environ[var].strip():
            return ImproperlyConfigured(
                f"{var} {what}, but {place} sets it to nothing: leave it out, or give it a value."
            )
        return ImproperlyConfigured(f"{var} {what}, but {place} says {os.environ[var]!r}.")

    def int(self, var: str, *, default: int) -> int:
        """A whole number. Raises ImproperlyConfigured for other texts."""
        try:
            return int(self.get_value(var, default=default))
        except ValueError:
            raise self.wrong(var, "must be a whole number") from None

    def float(self, var: str, *, default: float) -> float:
        """A number. Raises ImproperlyConfigured for other texts."""
        try:
            return float(self.get_value(var, default=default))
        except ValueError:
            raise self.wrong(var, "must be a number") from None

    def bool(self, var: str, **options: Any) -> bool:
        """Whether the text means true. Raises ImproperlyConfigured for words that mean neither."""
        word = self.str(var, default="").lower()
        if word and word not in (*self.BOOLEAN_TRUE_STRINGS, "false", "off", "no", "n", "0"):
            raise self.wrong(var, "must be true or false")
        return word in self.BOOLEAN_TRUE_STRINGS if word else options["default"]

    def path(self, var: str, *, default: str) -> Path:
        """A path, in which ~ stands for the home folder."""
        return expanded(var, self.str(var, default=default))

    def names(self, var: str, *, default: Sequence[str] = ()) -> list[str]:
        """A comma-separated list, without the spaces around names; empty if set to nothing."""
        text = self.get_value(var, default=None)
        if text is None:
            return list(default)
        names = [name.strip() for name in text.split(",") if name.strip()]
        if text and not names:
            raise ImproperlyConfigured(f"{var} is set, but names nothing.")
        return names

    def db_url(self, var: str, **options: Any) -> dict[str, Any]:
        """Django's settings of the database. Errors do not quote the address, with its password."""
        with _understood(var, "postgres://USER:PASSWORD@HOST:5432/NAME"):
            if not DATABASE_ADDRESS.fullmatch(self.str(var)):
                raise ValueError
            database = dict(super().db_url(var, **options))
        if database["ENGINE"] == "django.db.backends.sqlite3":
            database["NAME"] = str(expanded(var, database["NAME"]))
        return database

    def cache_url(self, var: str, *, default: str) -> dict[str, Any]:
        """Django's settings of the cache. Errors do not quote the address, with its password."""
        with _understood(var, "redis://HOST:6379/0"):
            url = self.str(var, default=default)
            server = urlsplit(url)
            # Reading the port raises its error here instead of at the first use.
            if not CACHE_ADDRESS.fullmatch(url) or server.port == 0:
                raise ValueError
            if server.scheme != "locmemcache" and server.netloc and not server.hostname:
                raise ValueError
            return dict(self.cache_url_config(url))


# The library accepts more forms, and misreads some of them.
DATABASE_ADDRESS = re.compile(r"postgres(ql)?://[^/?#]*/[^/?#]+(\?.*)?|sqlite:///.+")
CACHE_ADDRESS = re.compile(
    r"rediss?://[^/?#,]+(/\d*)?(\?.*)?|redis:///[^?#,]+(\?.*)?|locmemcache://.*"
)


@contextmanager
def _understood(var: str, example: str) -> Iterator[None]:
    """Replaces errors and warnings about an address, which would quote its password."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except (ValueError, Warning):
        raise ImproperlyConfigured(
            f"{var} is not understood. It looks like {example}, with special characters of the"
            " password percent-encoded: / is %2F, # is %23, @ is %40."
        ) from None
