"""Defines Carol's only board of the seed."""

from __future__ import annotations

from mcpserver.sandbox.data.people import CAROL_ID
from mcpserver.sandbox.seed.plan import GREEN, GREY, BoardPlan

READING = BoardPlan(
    name="Reading list",
    description=None,
    color="#B3EC8D",
    user_ids=(CAROL_ID,),
    attributes=(
        ("Name", "text", {}),
        ("Status", "label", {"labels": {"Unread": GREY, "Read": GREEN}}),
        ("Stars", "rating", {"max": 5}),
        ("Notes", "longtext", {}),
        ("Added", "created_at", {}),
    ),
    folders=(("Books", None, ("Name", "Status", "Stars", "Notes", "Added")),),
    items=(
        ("Books", {"Name": "The Garden of Numbers", "Status": "Read", "Stars": 5}),
        ("Books", {"Name": "Harbour Lights", "Status": "Unread"}),
        ("Books", {"Name": "A Short History of Chairs", "Status": "Read", "Stars": 2}),
        ("Books", {"Name": "Salt and Paper", "Notes": "<p>A gift for my sister.</p>"}),
    ),
    views=(("Books", "All", "table"),),
)
