"""Reads and decrypts the files of the Node server: its users and its profiles.

Only their form is checked here; the models validate names, scopes and tokens. Messages never quote
the text of a record, except its name or id.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError, from_json

from accounts.toolsets import Toolset

UNKNOWN = "extra_forbidden"  # pydantic's type of error for an unknown field
IGNORE = (
    "An unknown field may be a limit: read it, and set that limit here after the import. With"
    " --ignore-field NAME, for each such field, the import goes on without it."
)


class ImportRefused(Exception):
    """Nothing can be imported: has all the reasons; `hint` says what to do."""

    def __init__(self, *problems: str, hint: str = "") -> None:
        sentence = "; ".join(problem.rstrip(".") for problem in problems)
        super().__init__(f"{sentence}. {hint}".strip())


def _base64url(text: object) -> bytes:
    """Decode base64url, which Node writes without padding."""
    try:
        if isinstance(text, str):
            padding = b"=" * (-len(text) % 4)
            return base64.b64decode(text.encode("ascii") + padding, altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        pass
    raise PydanticCustomError("base64url", "Not base64url text")


Base64Url = Annotated[bytes, BeforeValidator(_base64url)]


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _not_none_of_them(tools: list[str]) -> list[str]:
    if not tools:
        raise PydanticCustomError(
            "no_tools",
            "No tool at all, which would mean every tool here: leave the field out of a copy of the"
            " file if every tool is meant, or leave out the user",
        )
    return tools


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise PydanticCustomError("moment", "In UTC this is not in the years 1 to 9999") from None


def _spelt(name: str, in_camel_case: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(name, in_camel_case))


Names = Annotated[list[str], AfterValidator(_once)]
Tools = Annotated[Names, AfterValidator(_not_none_of_them)]
# As text in ISO 8601, or as seconds or milliseconds since 1970.
Moment = Annotated[datetime, Field(strict=False), AfterValidator(_in_utc)]


class NodeFile(BaseModel):
    """Reads JSON strictly: a value of another type is an error."""

    model_config = ConfigDict(strict=True, frozen=True)


class NodeContent(NodeFile):
    """Refuses unknown fields, which may be limits. Ignores the times at which it was written."""

    model_config = ConfigDict(extra="forbid")

    created_at: Any = _spelt("created_at", "createdAt")
    updated_at: Any = _spelt("updated_at", "updatedAt")


class NodeRecord(NodeContent):
    """A record with the three fields by which people made records inactive."""

    name: str
    scopes: Names
    active: bool | None = None
    enabled: bool | None = None
    disabled: bool | None = None

    @property
    def is_inactive(self) -> bool:
        """Whether one of the three fields says so."""
        return self.active is False or self.enabled is False or self.disabled is True


class NodeProfile(NodeRecord):
    """A profile of the Node server, with its Infinity token."""

    id: str
    infinity_token: SecretStr

    @property
    def token(self) -> str:
        """The Infinity token in plain text."""
        return self.infinity_token.get_secret_value()

    @property
    def limits(self) -> dict[str, Any]:
        """Fields of a Profile; what the record does not limit is not among them."""
        return {"active": False} if self.is_inactive else {}


class NodeUser(NodeRecord):
    """`key_hash` is SHA-256 in hex of the key's text."""

    key_hash: str
    profile_id: str
    expires_at: Moment | None = _spelt("expires_at", "expiresAt")
    allowed_tools: Tools | None = _spelt("allowed_tools", "allowedTools")
    revoked: bool | None = None
    revoked_at: Moment | None = _spelt("revoked_at", "revokedAt")

    @property
    def digest(self) -> str:
        """The SHA-256 of the key, in lower-case hex."""
        return self.key_hash.lower()

    @property
    def is_revoked(self) -> bool:
        """Whether one of the two fields says so."""
        return self.revoked is True or self.revoked_at is not None

    @property
    def limits(self) -> dict[str, Any]:
        """Fields of an McpUser; what the record does not limit is not among them."""
        said = {
            "active": False if self.is_inactive else None,
            "expires_at": self.expires_at,
            "toolset": Toolset.CHOSEN if self.allowed_tools else None,
            "allowed_tools": self.allowed_tools,
        }
        return {name: value for name, value in said.items() if value is not None}


class UsersFile(NodeContent):
    """The file of users, with the digests of their keys."""

    version: Literal[1]
    users: list[NodeUser]


class Profiles(NodeContent):
    """The decrypted content of the file of profiles."""

    version: Literal[1]
    profiles: list[NodeProfile]


class StoreFile(NodeFile):
    """The encrypted file of profiles, with the nonce and tag of AES-256-GCM."""

    version: Literal[1] = 1
    algorithm: Annotated[Literal["aes-256-gcm"], BeforeValidator(lambda name: str(name).lower())]
    nonce: Annotated[Base64Url, Field(min_length=12, max_length=12)]
    tag: Annotated[Base64Url, Field(min_length=16, max_length=16)]
    ciphertext: Base64Url


AnyFile = TypeVar("AnyFile", bound=NodeFile)


def read_users(path: Path, ignored: Collection[str] = ()) -> list[NodeUser]:
    """The users in the file. `ignored` are names of unknown fields to skip. Raises ImportRefused
    and OSError."""
    return _parsed(UsersFile, path.read_bytes(), path, ignored).users


def read_profiles(path: Path, key_file: Path, ignored: Collection[str] = ()) -> list[NodeProfile]:
    """The profiles in the store, decrypted with the key in `key_file`. Raises ImportRefused and
    OSError."""
    store = _parsed(StoreFile, path.read_bytes(), path)
    key = _text(key_file.read_bytes(), key_file).strip()
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
    return _parsed(Profiles, content, path, ignored).profiles


def _text(raw: bytes, path: Path) -> str:
    """Decode UTF-8, or the UTF-16 that `>` writes in PowerShell."""
    is_utf_16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:  # quotes what it read
        raise ImportRefused(f"{path} is not UTF-8 text: save it as that") from None


def _parsed(form: type[AnyFile], raw: bytes, path: Path, ignored: Collection[str] = ()) -> AnyFile:
    try:
        content = from_json(_text(raw, path))
    except ValueError as error:  # never with the content, which may be the decrypted store
        raise ImportRefused(f"{path} is not JSON: {error}") from None
    try:
        return form.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
    wrong = [each for each in found if each["type"] != UNKNOWN or each["loc"][-1] not in ignored]
    if not wrong:
        return form.model_validate(content, extra="ignore")
    hint = IGNORE if any(each["type"] == UNKNOWN for each in wrong) else ""
    raise ImportRefused(*(f"{path}: {_problem(content, each)}" for each in wrong), hint=hint)


def _problem(content: Any, error: ErrorDetails) -> str:
    where = _place(content, error["loc"])
    message = "is not known here" if error["type"] == UNKNOWN else error["msg"]
    return f"{where}: {message}" if where else message


def _place(content: Any, location: tuple[str | int, ...]) -> str:
    """The place in a file, in words: `users[2] 'bob' key_hash`."""
    match location:
        case (str(group), int(index), *fields):
            record = content[group][index]
            name = record.get("id", record.get("name")) if isinstance(record, dict) else None
            named = [repr(name)] if isinstance(name, str) else []
            return " ".join([f"{group}[{index}]", *named, *map(str, fields)])
    return " ".join(map(str, location))
