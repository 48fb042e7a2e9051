"""Messages to operators about a profile's token that does not work."""

from __future__ import annotations

import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from credentials.models import Profile
from mcpserver.gateway.verification import verify
from tests.support import free_port

KINDS = ("401", "403", "404", "405", "422", "redirect", "page")
FOR_A_MODEL = r"(?<!-)\bids?\b|the operator|this profile|smaller limit|expand|nothing was sent"


class OtherServer(BaseHTTPRequestHandler):
    """Answers as the path says: /404/…, /redirect/…, or a page."""

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        self.send_response({"redirect": 302, "page": 200}.get(kind) or int(kind))
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *args: object) -> None:
        pass


def profile(id: str, url: str) -> Profile:
    made = Profile(id=id, name=id, base_url=url)
    made.set_token(secrets.token_urlsafe())
    made.save()
    return made


@pytest.mark.django_db(transaction=True)
@pytest.mark.any_database
def test_an_operator_is_told_what_to_do_in_words_of_their_own() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherServer) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{other.server_port}"
        asked = [profile(kind, f"{origin}/{kind}/api") for kind in KINDS]
        found = verify([*asked, profile("absent", f"http://127.0.0.1:{free_port()}")])
        other.shutdown()

    told = {each.profile.id: each.problem for each in found}
    assert {*KINDS, "absent"} == {id for id, problem in told.items() if problem}
    assert [] == [text for text in told.values() if re.search(FOR_A_MODEL, text, re.I)]
    assert all("/api/v2" in told[kind] for kind in ("404", "405", "redirect", "page"))
    assert "--id 401 --replace" in told["401"]
