"""Adds explanations to OAuth errors."""

from __future__ import annotations

import json

from django.http import JsonResponse
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from accounts.scopes import SCOPES

# Descriptions for errors of RFC 6749 §4.1.2.1 and §5.2 that the library leaves without one.
_REMEDIES = {
    "access_denied": "The person did not allow it.",
    "invalid_client": "Client id or secret is wrong: check both, or register the client again.",
    "invalid_grant": "The code or refresh token is unknown, expired, revoked or was used already,"
    " or the verifier is wrong: sign in again.",
    "invalid_request": "A parameter is missing, repeated or damaged: check the request.",
    "invalid_scope": f"Request only {', '.join(SCOPES)}, and on a refresh no more than was"
    " allowed.",
    "server_error": "The server failed, and its log says why: try again later.",
    "temporarily_unavailable": "The server cannot look this up at the moment: try again in a few"
    " seconds.",
    "unauthorized_client": "Clients may do this with response_type=code only.",
    "unsupported_grant_type": "Use authorization_code or refresh_token.",
    "unsupported_response_type": "Use response_type=code.",
    "unsupported_token_type": "Leave token_type_hint out.",
}


def explain(error: OAuth2Error) -> None:
    """Give `error` a description, unless it has one."""
    error.description = error.description or _REMEDIES.get(error.error, "")


def explained(body: str) -> str:
    """The JSON `body` of an error, with a description."""
    error = json.loads(body)
    return json.dumps({"error_description": _REMEDIES.get(error["error"], ""), **error})


def error_answer(code: str, description: str = "", status: int = 400) -> JsonResponse:
    """An OAuth error as JSON; without `description`, that of the code."""
    told = description or _REMEDIES[code]
    return JsonResponse({"error": code, "error_description": told}, status=status)
