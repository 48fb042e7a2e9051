"""The addresses a server listens on, and the messages if it cannot."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management.base import CommandError

from infinity_mcp.serving.listening import listen
from tests.support import free_port


@contextmanager
def listening(host: str, port: int) -> Iterator[list[str]]:
    """The addresses."""
    sockets = listen(host, port)
    try:
        yield [each.getsockname()[0] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def refusal(host: str, port: int) -> str:
    with pytest.raises(CommandError) as refused, listening(host, port):
        pass
    return str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost", "127.0.0.9"])
def test_who_comes_second_is_told_so_at_once(host: str) -> None:
    port = free_port()
    with listening(host, port) as addresses:
        for other in (host, addresses[0], "0.0.0.0"):
            said = refusal(other, port)
            assert said.startswith(f"Cannot listen on {other}:{port} (")
            assert "is it running already? Otherwise set another PORT." in said


@pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="needs IPv6")
def test_ipv6_leaves_the_port_to_ipv4() -> None:
    port = free_port()
    with listening("::1", port) as one, listening("127.0.0.1", port):
        assert ["::1"] == one
        assert f"Cannot listen on [::1]:{port} (" in refusal("::1", port)
    with listening("::", port), listening("0.0.0.0", port):
        assert f"Cannot listen on [::]:{port} (" in refusal("::", port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_port_is_free_again_at_once_after_a_client_was_served(host: str) -> None:
    port = free_port()
    sockets = listen(host, port)
    client = socket.create_connection(sockets[0].getsockname()[:2])
    served, _ = sockets[0].accept()
    for each in (served, client, *sockets):  # the server's side ends first, and lingers
        each.close()
    with listening(host, port):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "203.0.113.9", "2001:db8::1"])
def test_address_of_another_machine_is_told(host: str) -> None:
    assert "set HOST to one that this machine has" in refusal(host, free_port())


@pytest.mark.parametrize(
    "host",
    [
        *("host.invalid", "http://localhost", "127.0.0.1:3015", "[::1]", "a b", "127.0.0.1/8"),
        *("a..b", ".", "x" * 64 + ".example", "ä" * 70, "::g"),
    ],
)
def test_host_that_nobody_knows_is_told(host: str) -> None:
    said = refusal(host, free_port())
    assert said.startswith(f"Cannot listen on {host!r}: set HOST to an address or a name")


@pytest.mark.parametrize("port", [-1, 65536, 2**31, 2**70])
def test_port_that_is_none_is_told(port: int) -> None:
    assert "set PORT to one from 1 to 65535." in refusal("127.0.0.1", port)


@pytest.mark.parametrize(
    ("number", "port", "remedy"),
    [
        (errno.EACCES, 80, "set PORT to 1024 or more; others are for root."),
        (errno.EPERM, 443, "set PORT to 1024 or more; others are for root."),
        (errno.EACCES, 3015, "set another HOST or PORT."),
        (errno.EMFILE, 3015, "set another HOST or PORT."),
        (errno.EAFNOSUPPORT, 3015, "set HOST to one that this machine has"),
    ],
)
def test_what_the_system_refuses_is_told(
    number: int, port: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "as this user")

    monkeypatch.setattr(socket, "create_server", refuse)
    assert f"127.0.0.1:{port} ({os.strerror(number)}): " in refusal("127.0.0.1", port)
    assert remedy in refusal("127.0.0.1", port)


def test_address_that_is_missing_is_left_out_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = socket.getaddrinfo

    def two(_: str, port: int, **options: int) -> list[object]:
        return [*found("192.0.2.1", port, **options), *found("127.0.0.1", port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    with listening("localhost", free_port()) as addresses:
        assert ["127.0.0.1"] == addresses
