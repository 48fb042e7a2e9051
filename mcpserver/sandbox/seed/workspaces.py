"""Defines the workspaces of the seed, their people and boards."""

from __future__ import annotations

from collections.abc import Sequence

from mcpserver.sandbox.data.people import ADA_ID, BOB_ID, CAROL_ID, DAN_ID, INVITED_ID, RITA_ID
from mcpserver.sandbox.seed.office import OFFICE
from mcpserver.sandbox.seed.plan import WorkspacePlan
from mcpserver.sandbox.seed.reading import READING
from mcpserver.sandbox.seed.roadmap import ROADMAP

USERS: Sequence[tuple[int, str | None, str]] = (
    (ADA_ID, "Ada Example", "ada@example.org"),
    (BOB_ID, "Bob Example", "bob@example.org"),
    (RITA_ID, "Rita Example", "rita@example.org"),
    (DAN_ID, "Dan Example", "dan@example.org"),
    (INVITED_ID, None, "new.colleague@example.org"),
    (CAROL_ID, "Carol Example", "carol@example.org"),
)

WORKSPACES = (
    WorkspacePlan(
        id=31337,
        name="Sandbox Demo Co",
        roles={
            ADA_ID: "owner",
            BOB_ID: "full-member",
            RITA_ID: "restricted-member",
            DAN_ID: "admin",
            INVITED_ID: "full-member",
        },
        boards=(ROADMAP, OFFICE),
    ),
    WorkspacePlan(
        id=31338,
        name="Carol's Sandbox",
        roles={CAROL_ID: "owner"},
        boards=(READING,),
    ),
)
