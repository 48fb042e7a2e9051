"""Reads environment variables, NAME_FILE variants included, and expands `~` in paths."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class Variables(FileAwareMapping):
    """The environment's variables; if there is a NAME_FILE, NAME is the content of that file."""

    def __getitem__(self, name: str) -> str:
        path = self.env.get(f"{name}_FILE")
        if not path:
            return str(self.env[name])
        try:
            value = expanded(f"{name}_FILE", path).read_text(encoding="utf-8-sig").strip()
        except OSError as error:  # without the path, which may be a secret in the wrong place
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
        except UnicodeError:  # quotes what it read
            raise ImproperlyConfigured(f"{name}_FILE is not UTF-8 text.") from None
        if not value:
            raise ImproperlyConfigured(f"{name}_FILE is empty.")
        return value


def expanded(name: str, path: str) -> Path:
    """The path in the variable `name`; a `~` before it is a home folder, as in a shell."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ImproperlyConfigured(
            f"{name} begins with ~, but there is no such home folder: write the whole path."
        ) from None
