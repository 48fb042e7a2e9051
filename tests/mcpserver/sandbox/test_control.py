from __future__ import annotations

from mcpserver.sandbox import ADA_TOKEN, BOB_TOKEN
from tests.mcpserver.sandbox.api import Api

HOST = "http://sandbox"


def test_requests_are_counted_in_process(ada: Api, bob: Api) -> None:
    ada.get("/profile")
    ada.get("/workspaces", limit=2)
    bob.delete("/nowhere")
    log = ada.sandbox.requests
    assert (3, {ADA_TOKEN: 2, BOB_TOKEN: 1}) == (log.total, dict(log.by_token))
    seen = [(entry.method, entry.path, entry.query, entry.status) for entry in log.recent]
    assert [
        ("GET", "/api/v2/profile", "", 200),
        ("GET", "/api/v2/workspaces", "limit=2", 200),
        ("DELETE", "/api/v2/nowhere", "", 404),
    ] == seen


def test_requests_are_counted_over_http(ada: Api) -> None:
    ada.get("/profile")
    shown = ada.get(f"{HOST}/_sandbox/requests").json()
    expected = {
        "total": 1,
        "by_token": {ADA_TOKEN: 1},
        "recent": [
            {
                "method": "GET",
                "path": "/api/v2/profile",
                "query": "",
                "status": 200,
                "token": ADA_TOKEN,
                "at": shown["recent"][0]["at"],
            }
        ],
    }
    assert expected == shown
    assert expected == ada.get(f"{HOST}/_sandbox/requests").json()


def test_foreign_token_is_not_remembered(ada: Api) -> None:
    Api(ada.app, "somebodys-real-token").get("/profile")
    shown = ada.get(f"{HOST}/_sandbox/requests")
    assert {"(unknown)": 1} == shown.json()["by_token"]
    assert "somebodys-real-token" not in shown.text


def test_memory_of_requests_is_bounded(ada: Api) -> None:
    ada.get("/profile")
    log = ada.sandbox.requests
    for _ in range(1009):
        log.add(log.recent[0])
    assert (1010, 1000) == (log.total, len(log.recent))


def test_reset_brings_the_seed_back(ada: Api) -> None:
    before = ada.rows(ada.board().items_path)
    ada.board().new_item()
    answer = ada.request("POST", f"{HOST}/_sandbox/reset")
    assert 200 == answer.status_code
    assert 0 == ada.sandbox.requests.total
    assert before == ada.rows(ada.board().items_path)


def test_reset_needs_a_post(ada: Api) -> None:
    assert 405 == ada.get(f"{HOST}/_sandbox/reset").status_code
