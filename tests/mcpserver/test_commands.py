"""mcp_serve, mcp_check and credentials_verify, as an operator runs them."""

from __future__ import annotations

import secrets
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.conftest import MakeProfile, MakeUser
from tests.credentials.installation import Installation
from tests.support import (
    PATIENCE_SECONDS,
    Infinity,
    Server,
    eventually,
    free_port,
    running_server,
)


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path, {"PORT": str(free_port())})
    installation.set_up()
    return installation


def write_key(folder: Path, key: str) -> str:
    file = folder / "key.txt"
    file.write_text(f"{key}\n")
    return str(file)


def test_the_four_checks_pass(
    server: Server, key: str, tmp_path: Path, installed: Installation
) -> None:
    for url in (server.origin, server.url, f"{server.url}/"):
        done = installed.manage("mcp_check", "--url", url, "--key-file", write_key(tmp_path, key))
        assert (0, 4) == (done.returncode, done.stdout.count("  ok "))
        assert "acts as Ada Example" in done.stdout
        told = f"/mcp was added to --url: enter {server.url} in clients."
        assert (url == server.origin) == (told in done.stdout)


def test_a_refused_key_fails_two_checks(server: Server, installed: Installation) -> None:
    file = write_key(installed.folder, "mcp_wrong")
    done = installed.manage("mcp_check", "--url", server.url, "--key-file", file)
    assert (1, 2) == (done.returncode, done.stdout.count("FAILED"))
    assert "The key was refused (401)" in done.stdout


def test_an_unreachable_server_fails_every_proof(installed: Installation) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    file = write_key(installed.folder, "mcp_x")
    done = installed.manage("mcp_check", "--url", url, "--key-file", file)
    assert (1, 4) == (done.returncode, done.stdout.count("FAILED"))
    assert "Not reached" in done.stdout


@pytest.mark.parametrize(
    ("url", "file", "told"),
    [
        ("ftp://x", "key", "is not an http(s) URL"),
        ("http://127.0.0.1:99999/mcp", "key", "is not an http(s) URL"),
        ("http://127.0.0.1:-1/mcp", "key", "is not an http(s) URL"),
        ("http://127.0.0.1:abc/mcp", "key", "is not an http(s) URL"),
        ("http://[::1/mcp", "key", "is not an http(s) URL"),
        ("http://a b/mcp", "key", "is not an http(s) URL"),
        ("http://u:p@127.0.0.1/mcp", "key", "Leave out the user and password"),
        ("http://127.0.0.1", "absent", "No such file"),
        ("http://127.0.0.1", "empty", "is empty"),
    ],
)
def test_wrong_arguments_of_the_check_get_one_line(
    installed: Installation, url: str, file: str, told: str
) -> None:
    (installed.folder / "key").write_text("mcp_x")
    (installed.folder / "empty").write_text("\n")
    done = installed.manage("mcp_check", "--url", url, "--key-file", str(installed.folder / file))
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert told in done.stderr


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("install_report", "A={0}\nB={0}\n"),
        ("mcp_check", "NAME={0}"),
        ("mcp_check", "Bearer {0}"),
        ("mcp_check", "mcp_{0}\nmcp_{0}"),
    ],
    ids=["settings", "a setting", "a header", "two keys"],
)
def test_what_is_in_a_file_that_is_no_key_is_not_told(
    installed: Installation, command: str, content: str
) -> None:
    secret = secrets.token_urlsafe(32)
    file = installed.folder / "no-key"
    file.write_text(content.format(secret))
    done = installed.manage(command, "--url", "http://127.0.0.1:9", "--key-file", str(file))
    assert (1, "") == (done.returncode, done.stdout)
    assert "must hold the key alone" in done.stderr
    assert secret not in done.stderr


def add_sandbox(installed: Installation, infinity: Infinity, token: str = "sandbox-ada") -> None:
    arguments = ("--id", "local", "--name", "Local", "--base-url", infinity.url)
    assert 0 == installed.manage("credentials_add_profile", *arguments, stdin=token).returncode


def test_verify_says_whose_each_token_is(installed: Installation, infinity: Infinity) -> None:
    add_sandbox(installed, infinity)
    done = installed.manage("credentials_verify")
    found = "the token of Ada Example <ada@example.org>; it sees the workspaces: Sandbox Demo Co"
    assert (0, f"local: {found}\n") == (done.returncode, done.stdout)
    assert "Ada Example" in installed.manage("credentials_list").stdout


def test_verify_names_the_token_that_infinity_refuses(
    installed: Installation, infinity: Infinity
) -> None:
    add_sandbox(installed, infinity, token="refused")
    done = installed.manage("credentials_verify", "--id", "local")
    assert 1 == done.returncode
    assert "local: FAILED: Infinity refused the Infinity token" in done.stdout


def test_verify_of_an_unknown_profile_gets_one_line(installed: Installation) -> None:
    done = installed.manage("credentials_verify", "--id", "nope")
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))


def test_a_busy_port_is_told(installed: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        installed.environment["PORT"] = str(taken.getsockname()[1])
        done = installed.manage("mcp_serve")
    assert 1 == done.returncode
    assert "is it running already?" in done.stderr


def test_an_unmigrated_database_is_told(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.manage("credentials_init")
    done = installation.manage("mcp_serve")
    assert 1 == done.returncode
    assert "manage.py migrate`" in done.stderr


def test_a_missing_store_key_stops_the_start(installed: Installation) -> None:
    kept = [line for line in installed.env_file.read_text().splitlines() if "STORE" not in line]
    installed.env_file.write_text("\n".join(kept))
    done = installed.manage("mcp_serve")
    assert 1 == done.returncode
    assert "credentials_init" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_store_key_stops_the_start(installed: Installation, infinity: Infinity) -> None:
    add_sandbox(installed, infinity)
    installed.environment["MCP_CREDENTIAL_STORE_KEY"] = Fernet.generate_key().decode()
    done = installed.manage("mcp_serve")
    assert 1 == done.returncode
    assert "Put the key that encrypted it back" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_secret_key_stops_the_start(installed: Installation) -> None:
    kept = [line for line in installed.env_file.read_text().splitlines() if "DJANGO" not in line]
    installed.env_file.write_text("\n".join(kept))
    done = installed.manage("mcp_serve")
    assert 1 == done.returncode
    assert "infinity_mcp.E001" in done.stderr


def test_an_unknown_transport_is_told(installed: Installation) -> None:
    installed.environment["TRANSPORT"] = "carrier-pigeon"
    done = installed.manage("mcp_serve")
    assert (1, True) == (done.returncode, "use http or stdio" in done.stderr)
    assert 1 == done.stderr.count("TRANSPORT")


def test_a_port_that_is_none_is_told_once(installed: Installation) -> None:
    installed.environment["PORT"] = "70000"
    done = installed.manage("mcp_serve")
    assert (1, 1) == (done.returncode, done.stderr.count("from 1 to 65535"))


def test_a_server_that_speaks_something_else_is_told_apart(installed: Installation) -> None:
    """It answers /health, refuses strangers, and is no MCP server all the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, b'{"ok": true, "service": "infinity-mcp"}')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._answer(200 if self.headers["authorization"] else 401, b'{"jsonrpc": "no"}')

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{other.server_port}"
        done = installed.manage(
            "mcp_check", "--url", url, "--key-file", write_key(installed.folder, "mcp_x")
        )
        other.shutdown()
    assert (1, 2) == (done.returncode, done.stdout.count("FAILED"))
    assert "does not speak MCP" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_key_is_not_sent_to_a_server_that_lets_strangers_in(installed: Installation) -> None:
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["authorization"])
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{other.server_port}"
        done = installed.manage(
            "mcp_check", "--url", url, "--key-file", write_key(installed.folder, "mcp_x")
        )
        other.shutdown()
    assert (1, 4) == (done.returncode, done.stdout.count("FAILED"))
    assert [None, None] == seen


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/event-stream"])
def test_a_call_under_way_is_finished_before_the_server_stops(
    make_user: MakeUser, make_profile: MakeProfile, tmp_path: Path, accept: str
) -> None:
    asked, answer_now = threading.Event(), threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            answer_now.wait(PATIENCE_SECONDS)
            body = b'{"has_more": false, "before": null, "after": null, "data": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa", "parent_item_id": "i"}
    call = {
        "name": "infinity_list_subitems",
        "arguments": place,
        "_meta": {"progressToken": "t"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{upstream.server_port}"
        _, key = make_user(profile=make_profile("slow", base_url=url))
        with running_server(tmp_path) as server, ThreadPoolExecutor() as pool:
            under_way = pool.submit(server.post, key, json=message, headers={"Accept": accept})
            assert asked.wait(PATIENCE_SECONDS)
            server.process.terminate()
            answer_now.set()
            assert "> 0 records" in under_way.result().text
            assert 0 == server.process.wait(PATIENCE_SECONDS)
        upstream.shutdown()


def test_two_workers_serve_and_a_revoked_key_is_refused_by_both(
    make_user: MakeUser, tmp_path: Path
) -> None:
    user, key = make_user()
    with running_server(tmp_path, WORKERS="2", CREDENTIAL_CACHE_SECONDS="1") as server:
        assert {200} == {server.post(key).status_code for _ in range(10)}
        user.revoke_keys()
        # Some may be told 429: too many wrong keys.
        eventually(lambda: 200 not in {server.post(key).status_code for _ in range(10)})
