"""The files of the Node server that this one succeeds: its users, and its encrypted profiles.

Only their form is judged here; what names, scopes and tokens may be, the models say. The text of a
record never gets into a message, but for its name or id.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError, from_json


class ImportRefused(Exception):
    """Nothing can be imported, for all these reasons; `hint` says what to do."""

    def __init__(self, *problems: str, hint: str = "") -> None:
        sentence = "; ".join(problem.rstrip(".") for problem in problems)
        super().__init__(f"{sentence}. {hint}".strip())


def _base64url(text: object) -> bytes:
    """Node writes it without padding."""
    try:
        if isinstance(text, str):
            padding = b"=" * (-len(text) % 4)
            return base64.b64decode(text.encode("ascii") + padding, altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        pass
    raise PydanticCustomError("base64url", "Not base64url text")


Base64Url = Annotated[bytes, BeforeValidator(_base64url)]


class NodeRecord(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class NodeProfile(NodeRecord):
    id: str
    name: str
    infinity_token: SecretStr
    scopes: list[str]

    @property
    def token(self) -> str:
        return self.infinity_token.get_secret_value()


class NodeUser(NodeRecord):
    """`key_hash` is SHA-256 in hex of the key's text."""

    name: str
    key_hash: str
    profile_id: str
    scopes: list[str]

    @property
    def digest(self) -> str:
        return self.key_hash.lower()


class UsersFile(NodeRecord):
    version: Literal[1]
    users: list[NodeUser]


class Profiles(NodeRecord):
    version: Literal[1]
    profiles: list[NodeProfile]


class StoreFile(NodeRecord):
    version: Literal[1] = 1
    algorithm: Annotated[Literal["aes-256-gcm"], BeforeValidator(lambda name: str(name).lower())]
    nonce: Annotated[Base64Url, Field(min_length=12, max_length=12)]
    tag: Annotated[Base64Url, Field(min_length=16, max_length=16)]
    ciphertext: Base64Url


AnyFile = TypeVar("AnyFile", bound=NodeRecord)


def read_users(path: Path) -> list[NodeUser]:
    """Raises ImportRefused and OSError."""
    return _parsed(UsersFile, path.read_bytes(), path).users


def read_profiles(path: Path, key_file: Path) -> list[NodeProfile]:
    """The profiles in the store, opened with the store key's text. Raises ImportRefused, OSError
    and UnicodeError."""
    store = _parsed(StoreFile, path.read_bytes(), path)
    key = key_file.read_text(encoding="utf-8-sig").strip()
    if not key:
        raise ImportRefused(f"{key_file} is empty")
    try:
        cipher = AESGCM(hashlib.sha256(key.encode()).digest())
        content = cipher.decrypt(store.nonce, store.ciphertext + store.tag, None)
    except InvalidTag:
        raise ImportRefused(
            f"{path} cannot be opened: it is damaged, or {key_file} does not hold the value of"
            " MCP_CREDENTIAL_STORE_KEY that encrypted it, alone and without quotes"
        ) from None
    return _parsed(Profiles, content, path).profiles


def _parsed(form: type[AnyFile], raw: bytes, path: Path) -> AnyFile:
    try:
        content = from_json(raw.removeprefix(codecs.BOM_UTF8))
    except ValueError as error:  # never with the content, which may be the decrypted store
        raise ImportRefused(f"{path} is not JSON: {error}") from None
    try:
        return form.model_validate(content)
    except ValidationError as error:
        problems = list(_problems(content, error))
        raise ImportRefused(*(f"{path}: {problem}" for problem in problems)) from None


def _problems(content: Any, error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        where = _place(content, each["loc"])
        yield f"{where}: {each['msg']}" if where else each["msg"]


def _place(content: Any, location: tuple[str | int, ...]) -> str:
    """Where in a file something is: `users[2] 'bob' key_hash`."""
    match location:
        case (str(group), int(index), *fields):
            record = content[group][index]
            name = record.get("id", record.get("name")) if isinstance(record, dict) else None
            named = [repr(name)] if isinstance(name, str) else []
            return " ".join([f"{group}[{index}]", *named, *map(str, fields)])
    return " ".join(map(str, location))
