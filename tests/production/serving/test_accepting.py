"""Many clients that come to a busy server at the same moment."""

from __future__ import annotations

import os
import selectors
import signal
import socket
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tests.support import PATIENCE_SECONDS, running_server

CLIENTS = 64
MAX_ANSWERS = 7  # four, when sixteen are let in at a time; up to 40, when they are one by one
REQUEST = b"OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_last_of_many_clients_is_let_in_before_the_others_are_served_again_and_again(
    key: str, tmp_path: Path
) -> None:
    with running_server(tmp_path) as server, ExitStack() as stack:
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            clients = [stack.enter_context(_connected(server.port)) for _ in range(CLIENTS)]
        finally:
            os.kill(server.process.pid, signal.SIGCONT)

        answers = _answers_until_all_had_one(clients)

    assert max(answers.values()) <= MAX_ANSWERS, sorted(answers.values())


def _connected(port: int) -> socket.socket:
    """A client that asked something."""
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
    client.sendall(REQUEST)
    return client


def _answers_until_all_had_one(clients: list[socket.socket]) -> Counter[socket.socket]:
    """How many each had; who is answered asks again."""
    answers: Counter[socket.socket] = Counter()
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while len(answers) < len(clients):
            for key, _ in selector.select():
                client = next(each for each in clients if each is key.fileobj)
                assert client.recv(65536).startswith(b"HTTP/1.1 204")
                answers[client] += 1
                client.sendall(REQUEST)
    return answers
