"""How settings are read: what each kind of them may be, and what is said of one that is not."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from credentials.dotenv import read_assignments


class Variables(FileAwareMapping):  # type: ignore[misc]  # the library is untyped
    """Those of the environment; where there is a NAME_FILE, NAME is what that file holds."""

    def __getitem__(self, name: str) -> str:
        path = self.env.get(f"{name}_FILE")
        if not path:
            return str(self.env[name])
        try:
            value = Path(path).read_text(encoding="utf-8-sig").strip()
        except OSError as error:  # without the path, which may be a secret in the wrong place
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
        except UnicodeError:  # quotes what it read
            raise ImproperlyConfigured(f"{name}_FILE is not UTF-8 text.") from None
        if not value:
            raise ImproperlyConfigured(f"{name}_FILE is empty.")
        return value


class Env(environ.FileAwareEnv):  # type: ignore[misc]
    """Also reads NAME_FILE for every NAME, so that secrets can come from files."""

    ENVIRON = Variables()

    # Which file set what; the environment did the rest. Django reads wrong settings a second time.
    _places: ClassVar[dict[str, Path]] = {}

    def read_file(self, path: Path) -> None:
        """Take what `path` sets and the environment does not; a file need not be there."""
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return
        except PermissionError:
            raise ImproperlyConfigured(
                f"{path} cannot be read: its folder belongs to another user. sudo chown -R it to"
                " the one that runs this; with Docker, on the host: sudo chown -R 1000:1000 config"
                " data"
            ) from None
        if not os.access(path, os.R_OK):
            raise ImproperlyConfigured(f"{path} cannot be read: it belongs to another user.")
        for name, value in read_assignments(path).items():
            if name not in os.environ:
                os.environ[name], self._places[name] = value, path

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, **_: Any
    ) -> Any:
        """As it is written, but for spaces around it; a text that is empty is not set.

        To the library, what begins with `$` names another variable.
        """
        value = self.ENVIRON.get(var, default)
        if value is self.NOTSET:
            raise ImproperlyConfigured(f"{var} is not set.")
        if not isinstance(value, str):
            return value
        text = value.strip() or (default if isinstance(default, str) else "")
        return self.parse_value(text, cast)

    def wrong(self, var: str, what: str) -> ImproperlyConfigured:
        """For a setting that is no secret: what it must be, what it is, and where that is said."""
        if os.environ.get(f"{var}_FILE"):
            return ImproperlyConfigured(f"{var} {what}: see the file that {var}_FILE names.")
        place = self._places.get(var, "the environment")
        return ImproperlyConfigured(f"{var} {what}, but {place} says {os.environ[var]!r}.")

    def int(self, var: str, *, default: int) -> int:
        try:
            return int(self.get_value(var, default=default))
        except ValueError:
            raise self.wrong(var, "must be a whole number") from None

    def float(self, var: str, *, default: float) -> float:
        try:
            return float(self.get_value(var, default=default))
        except ValueError:
            raise self.wrong(var, "must be a number") from None

    def bool(self, var: str, **options: Any) -> bool:
        word = self.str(var, default="").lower()
        if word and word not in (*self.BOOLEAN_TRUE_STRINGS, "false", "off", "no", "n", "0"):
            raise self.wrong(var, "must be true or false")
        return word in self.BOOLEAN_TRUE_STRINGS if word else options["default"]

    def names(self, var: str, *, default: Sequence[str] = ()) -> list[str]:
        """Comma-separated, without the spaces around; set to nothing, there are none."""
        text = self.get_value(var, default=None)
        if text is None:
            return list(default)
        names = [name.strip() for name in text.split(",") if name.strip()]
        if text and not names:
            raise ImproperlyConfigured(f"{var} is set, but names nothing.")
        return names

    def db_url(self, var: str, **options: Any) -> dict[str, Any]:
        with _understood(var, "postgres://USER:PASSWORD@HOST:5432/NAME"):
            if not DATABASE_ADDRESS.fullmatch(self.str(var)):
                raise ValueError
            return dict(super().db_url(var, **options))

    def cache_url(self, var: str, *, default: str) -> dict[str, Any]:
        with _understood(var, "redis://HOST:6379/0"):
            url = self.str(var, default=default)
            server = urlsplit(url)
            # Asking for the port raises here what would else be raised at the first use.
            if not CACHE_ADDRESS.fullmatch(url) or server.port == 0:
                raise ValueError
            if server.scheme != "locmemcache" and server.netloc and not server.hostname:
                raise ValueError
            return dict(self.cache_url_config(url))


# The library understands more, some of it as something else than what was meant.
DATABASE_ADDRESS = re.compile(r"postgres(ql)?://[^/?#]*/[^/?#]+(\?.*)?|sqlite:///.+")
CACHE_ADDRESS = re.compile(
    r"rediss?://[^/?#,]+(/\d*)?(\?.*)?|redis:///[^?#,]+(\?.*)?|locmemcache://.*"
)


@contextmanager
def _understood(var: str, example: str) -> Iterator[None]:
    """What is raised or warned about an address quotes it, and its password."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except (ValueError, Warning):
        raise ImproperlyConfigured(
            f"{var} is not understood. It looks like {example}, with special characters of the"
            " password percent-encoded: / is %2F, # is %23, @ is %40."
        ) from None
