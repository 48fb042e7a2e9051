"""Registers clients dynamically (RFC 7591) where OAUTH_DYNAMIC_REGISTRATION allows it."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views.dynamic_client_registration import DynamicClientRegistrationView

from accounts.signin.limits import Limit, address_of
from oauthbridge import redirects
from oauthbridge.models import Application
from oauthbridge.server.endpoints import AnswersInJson, OpenToBrowsers
from oauthbridge.server.errors import error_answer
from oauthbridge.server.parameters import GRANT_TYPES

AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
MAX_REDIRECT_URIS = 10
MAX_NAME_LENGTH = 100
HOUR = 60 * 60
REGISTRATIONS_PER_HOUR = 20  # from one address; refused ones do not count
METHOD, GRANTS, RESPONSES = "token_endpoint_auth_method", "grant_types", "response_types"


@method_decorator(csrf_exempt, name="dispatch")
class RegistrationView(OpenToBrowsers, AnswersInJson, DynamicClientRegistrationView):
    """Replaces the library's answers: those refuse clients that support more than codes (VS Code),
    and contain a token without expiry for changing the registration."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Register the client and answer 201. Only accepted ones count for the limit."""
        most, address = REGISTRATIONS_PER_HOUR, address_of(request)
        limit = Limit("registrations of clients from one address", most, HOUR)
        if not limit.take(address):
            text = f"Too many registrations from one address: {most} an hour. Try again later."
            response = error_answer("too_many_requests", text, status=429)
            response["Retry-After"] = str(HOUR)
            return response
        try:
            return JsonResponse(register(request.body), status=201)
        except InvalidMetadata as error:
            limit.give_back(address)
            return error_answer(error.code, str(error))


class InvalidMetadata(Exception):
    """A registration is refused: has the `code` of RFC 7591 §3.2.2, and the reason."""

    def __init__(self, message: str, code: str = "invalid_client_metadata") -> None:
        super().__init__(message)
        self.code = code


def register(body: bytes) -> dict[str, Any]:
    """Make the client that `body` describes; returns its registration. Raises InvalidMetadata."""
    data = _read(body)
    method = data.get(METHOD, AUTH_METHODS[0])
    application = Application(
        name=_name(data),
        redirect_uris=" ".join(_redirect_uris(data)),
        client_type=Application.CLIENT_PUBLIC if method == "none" else "confidential",
        registration_source=Application.RegistrationSource.DCR,
    )
    secret = application.client_secret  # only its hash is saved
    try:
        application.full_clean()
    except ValidationError as error:
        raise InvalidMetadata(" ".join(error.messages)) from None
    application.save()
    return {
        "client_id": application.client_id,
        "client_id_issued_at": int(time.time()),
        **({} if method == "none" else {"client_secret": secret, "client_secret_expires_at": 0}),
        "client_name": application.name,
        "redirect_uris": application.redirect_uris.split(),
        GRANTS: list(GRANT_TYPES),
        RESPONSES: ["code"],
        METHOD: method,
    }


def _read(body: bytes) -> dict[str, Any]:
    data = _told(body)
    if data.get(METHOD, AUTH_METHODS[0]) not in AUTH_METHODS:
        raise InvalidMetadata(f"{METHOD} is one of {', '.join(AUTH_METHODS)}.")
    # Other capabilities of a client are left out of its registration (RFC 7591 §2).
    if "authorization_code" not in _list(data, GRANTS, ["authorization_code"]):
        raise InvalidMetadata(f"{GRANTS} must have authorization_code: there is no other.")
    if "code" not in _list(data, RESPONSES, ["code"]):
        raise InvalidMetadata(f"{RESPONSES} must have code: there is no other.")
    return data


def _told(body: bytes) -> dict[str, Any]:
    """The members with a value: many clients send null or an empty text for those they lack."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise InvalidMetadata("Send a JSON object.")
    return {name: value for name, value in data.items() if value not in (None, "", [])}


def _list(data: dict[str, Any], name: str, default: list[str]) -> list[str]:
    value = data.get(name, default)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        code = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
        raise InvalidMetadata(f"{name} is a list of strings.", code)
    return value


def _name(data: dict[str, Any]) -> str:
    name = data.get("client_name", "")
    if not isinstance(name, str):
        raise InvalidMetadata("client_name is a string.")
    return "".join(filter(str.isprintable, name))[:MAX_NAME_LENGTH].strip()


def _redirect_uris(data: dict[str, Any]) -> list[str]:
    uris = _list(data, "redirect_uris", [])
    if not 1 <= len(uris) <= MAX_REDIRECT_URIS:
        message = f"Between 1 and {MAX_REDIRECT_URIS} redirect_uris are needed."
        raise InvalidMetadata(message, "invalid_redirect_uri")
    for number, uri in enumerate(uris, 1):
        problem = redirects.problem_with(uri)
        if problem:
            message = f"Number {number} of redirect_uris cannot be used: {problem}."
            raise InvalidMetadata(message, "invalid_redirect_uri")
    return uris
