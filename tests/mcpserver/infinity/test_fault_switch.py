"""The sandbox's faults are switched on over HTTP, or by the command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mcpserver.sandbox import ADA_TOKEN
from mcpserver.sandbox.rules.faults import FAULTS
from tests.mcpserver.infinity.upstream import FaultyInfinity, outcome
from tests.support import Infinity, free_port, running

HEADERS = {"Authorization": f"Bearer {ADA_TOKEN}", "X-API-Version": "2026-04-20.morava"}


def statuses(faulty: FaultyInfinity, *requests: str) -> list[int]:
    """Of the answers to requests like "GET profile"."""
    found = []
    for request in requests:
        method, path = request.split()
        url = f"{faulty.url}/{path}"
        found.append(faulty.http.request(method, url, headers=HEADERS).status_code)
    return found


def test_a_fault_lasts_until_it_is_switched_off(faulty: FaultyInfinity) -> None:
    faulty.fail("gateway_502")
    assert [502, 502] == statuses(faulty, "GET profile", "DELETE nowhere")
    faulty.fail(None)
    assert [200, 404] == statuses(faulty, "GET profile", "DELETE nowhere")


def test_a_reset_switches_it_off(faulty: FaultyInfinity) -> None:
    faulty.fail("gateway_502")
    faulty.reset()
    assert [200] == statuses(faulty, "GET profile")


def test_a_fault_can_pass(faulty: FaultyInfinity) -> None:
    faulty.fail("gateway_502", times=2)
    assert [502, 502, 200] == statuses(faulty, *["GET profile"] * 3)


def test_a_fault_can_be_for_a_method_and_a_path(faulty: FaultyInfinity) -> None:
    faulty.fail("gateway_502", times=1, method="P*", path="*/boards")
    requests = ("GET workspaces/31337/boards", "POST profile", "PUT workspaces/31337/boards")
    assert [200, 405, 502] == statuses(faulty, *requests)


def test_faulty_requests_are_counted(faulty: FaultyInfinity) -> None:
    faulty.fail("closed_before_answer", times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        statuses(faulty, "GET profile?limit=1")
    statuses(faulty, "POST profile/")
    names = ("method", "path", "query", "status", "token")
    assert [
        ("GET", "/api/v2/profile", "limit=1", 0, ADA_TOKEN),
        ("POST", "/api/v2/profile", "", 405, ADA_TOKEN),
    ] == [tuple(request[name] for name in names) for request in faulty.requests()]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"fault": "nope"}, "no fault 'nope'; valid: no_answer, "),
        ({"fault": "no_answer", "times": 0}, "times must be at least 1"),
        ({"fault": "no_answer", "when": "now"}, "unexpected keyword argument 'when'"),
        ({}, "missing 1 required positional argument: 'fault'"),
        ([], "argument after ** must be a mapping"),
    ],
)
def test_a_wrong_choice_is_refused(faulty: FaultyInfinity, choice: Any, message: str) -> None:
    refused = faulty.control("fault", choice)
    assert 400 == refused.status_code
    assert message in refused.json()["message"]
    assert [200] == statuses(faulty, "GET profile")


def test_the_command_starts_with_a_fault(tmp_path: Path, control: httpx2.Client) -> None:
    infinity = Infinity(free_port())
    with running(
        *("infinity_sandbox", "--port", str(infinity.port), "--fault", "gateway_502"),
        ready_url=f"{infinity.control}/requests",
        log=tmp_path / "log",
        env=os.environ,
    ):
        faulty = FaultyInfinity(infinity, control)
        assert [502] == statuses(faulty, "GET profile")
        faulty.reset()
        assert [200] == statuses(faulty, "GET profile")


def test_no_fault_leaves_a_trace_in_the_log(tmp_path: Path, control: httpx2.Client) -> None:
    """What the sandbox does on purpose is no error of its own."""
    infinity = Infinity(free_port())
    with running(
        *("infinity_sandbox", "--port", str(infinity.port)),
        ready_url=f"{infinity.control}/requests",
        log=tmp_path / "log",
        env=os.environ,
    ):
        faulty = FaultyInfinity(infinity, control)
        for fault in FAULTS:
            faulty.fail(fault)
            assert outcome(faulty.url, "POST", read_seconds=0.1, seconds=0.2).error
        faulty.reset()
    assert "" == (tmp_path / "log").read_text().partition("Tokens: ")[2].partition("\n")[2]
