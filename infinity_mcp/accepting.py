"""uvicorn's servers, when they begin and when they cease to take connections."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from functools import partial
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

ACCEPTED_A_TURN = 16


class AcceptingServer(uvicorn.Server):
    """For a process that serves alone: of several, the first to look would take most of them.

    uvloop takes one connection from a socket in a turn of its loop, and a turn of a busy server is
    long: of 64 clients that came together, the last had its first answer after 940 ms, where a call
    took 60. So it listens on copies of the socket too.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sys.platform == "win32":  # there is no uvloop; Python's own loop takes all that wait
            return
        config, loop = self.config, asyncio.get_running_loop()
        http: Any = config.http_protocol_class
        state = {"server_state": self.server_state, "app_state": self.lifespan.state}
        protocol = partial(http, config=config, **state)
        for listening in [each for server in self.servers for each in server.sockets]:
            for _ in range(ACCEPTED_A_TURN - 1):
                copy = socket.socket(fileno=os.dup(listening.fileno()))
                server = await loop.create_server(protocol, sock=copy, backlog=config.backlog)
                self.servers.append(server)


class Workers(Multiprocess):
    """Ceases to listen with its workers, which have sockets of their own.

    It never takes a connection; but as long as it could, the system would let clients in whom
    nobody answers any more, until the last call of a worker has ended.
    """

    def terminate_all(self) -> None:
        super().terminate_all()
        for listening in self.sockets:
            listening.close()
