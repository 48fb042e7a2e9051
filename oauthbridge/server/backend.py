"""Extends the library's adapter to oauthlib with checks that it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidRequestError, OAuth2Error

from oauthbridge.server.errors import explain, explained
from oauthbridge.server.parameters import as_meant, is_for_this_server, repeated

Answer = tuple[str | None, dict[str, str], str, int]  # URI to redirect to, headers, body, status

WHERE_TO = {"client_id", "redirect_uri"}  # errors of these are shown only to the person
_S256 = re.compile(r"[A-Za-z0-9_-]{43}")  # of RFC 7636 §4.2


class Backend(OAuthLibCore):
    """Adds to each error what to do."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The parameters of the form as pairs."""
        parameters = as_meant(request.POST).lists()
        return [(name, str(value)) for name, values in parameters for value in values]

    def create_token_response(self, request: HttpRequest) -> Answer:
        """The library's answer, with a description of the error."""
        return _explained(super().create_token_response(request))

    def create_revocation_response(self, request: HttpRequest) -> Answer:
        """The library's answer, with a description of the error."""
        return _explained(super().create_revocation_response(request))


class AuthorizationBackend(OAuthLibCore):
    """Refuses a foreign `resource` and any PKCE but S256 before a person is asked anything."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Nothing: the form's fields must not override the parameters in the URL."""
        return []

    def _get_escaped_full_path(self, request: HttpRequest) -> str:
        """The path with each parameter once: the library would show an error about a repeated one
        only to the person, while `_refusal` sends it to the client."""
        asked = as_meant(request.GET)
        twice = set(repeated(asked)) - WHERE_TO
        for name in twice:
            asked.setlist(name, asked.getlist(name)[-1:])
        if "state" in twice:
            del asked["state"]
        return f"{request.path}?{asked.urlencode()}"

    def validate_authorization_request(
        self, request: HttpRequest
    ) -> tuple[list[str], dict[str, Any]]:
        """The requested scopes and the request's parameters; `resource` is this server's.

        Raises OAuthToolkitError, or its subclass FatalClientError if no redirect is allowed.
        """
        with _explaining():
            scopes, credentials = super().validate_authorization_request(request)
        error = _refusal(request, credentials)
        if error:
            raise OAuthToolkitError(error=error, redirect_uri=credentials["redirect_uri"])
        return scopes, {**credentials, "resource": [settings.MCP_URL]}

    def create_authorization_response(self, *args: Any, **kwargs: Any) -> Answer:
        """The library's answer, with a description of the error."""
        with _explaining():
            answer: Answer = super().create_authorization_response(*args, **kwargs)
        return answer


@contextmanager
def _explaining() -> Iterator[None]:
    try:
        yield
    except OAuthToolkitError as error:
        explain(error.oauthlib_error)
        raise


def _explained(answer: Answer) -> Answer:
    uri, headers, body, status = answer
    return uri, headers, explained(body) if status >= 400 else body, status


def _refusal(request: HttpRequest, credentials: dict[str, Any]) -> OAuth2Error | None:
    asked, state = as_meant(request.GET), credentials.get("state")
    if repeated(asked):
        text = f"{', '.join(repeated(asked))}: sent more than once."
        return InvalidRequestError(description=text, state=state)
    if credentials.get("code_challenge_method") != "S256":
        return InvalidRequestError(description="Use PKCE with the method S256.", state=state)
    if not _S256.fullmatch(credentials.get("code_challenge") or ""):
        return InvalidRequestError(description="code_challenge is no SHA-256.", state=state)
    if not is_for_this_server(asked.getlist("resource")):
        return foreign_resource(state=state)
    return None


def foreign_resource(**details: Any) -> OAuth2Error:
    """The error for a `resource` other than this server's /mcp (RFC 8707)."""
    text = f"Tokens are issued for {settings.MCP_URL} only."
    return CustomOAuth2Error(error="invalid_target", description=text, **details)
