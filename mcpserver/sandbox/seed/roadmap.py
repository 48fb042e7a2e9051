"""Defines the board "Product roadmap" of the seed."""

from __future__ import annotations

from mcpserver.sandbox.data.people import ADA_ID, BOB_ID, DAN_ID, RITA_ID
from mcpserver.sandbox.seed.plan import (
    AUTOMATIC,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    Attributes,
    BoardPlan,
    Items,
)

ROADMAP_ATTRIBUTES: Attributes = (
    ("Name", "text", {}),
    (
        "Status",
        "label",
        {"labels": {"To do": GREY, "Doing": ORANGE, "Done": GREEN, "Blocked": RED}},
    ),
    ("Assignee", "members", {"multiple": True}),
    ("Due", "date", {}),
    ("Done", "checkbox", {}),
    (
        "Priority",
        "label",
        {"labels": {"Low": GREY, "Medium": BLUE, "High": ORANGE, "Urgent": RED}},
    ),
    ("Estimate", "number", {}),
    ("Notes", "longtext", {}),
    (
        "Areas",
        "label",
        {"multiple": True, "labels": {"Web": BLUE, "Mobile": GREEN, "API": ORANGE}},
    ),
    ("Progress", "progress", {"min": 0, "max": 100}),
    ("Confidence", "rating", {"max": 5}),
    ("Requested by", "email", {}),
    ("Phone", "phone", {}),
    ("Links", "links", {}),
    ("Checklist", "checklist", {}),
    ("Files", "attachments", {}),
    ("Votes", "vote", {}),
    ("ID", "custom_id", {"prefix": "RM-"}),
    *AUTOMATIC,
)
ROADMAP_ALL = tuple(name for name, _, _ in ROADMAP_ATTRIBUTES)

ROADMAP_ITEMS: Items = (
    (
        "Sprint 14",
        {
            "Name": "Export a board as CSV",
            "Status": "Doing",
            "Assignee": [BOB_ID],
            "Due": "2026-03-06",
            "Done": False,
            "Priority": "High",
            "Estimate": 8,
            "Notes": "<p>Asked for by <strong>three</strong> customers.</p>"
            "<ul><li>UTF-8 with BOM for Excel</li><li>One row per item</li></ul>",
            "Areas": "Web, API",
            "Progress": 40,
            "Confidence": 4,
            "Requested by": "purchasing@example.com",
            "Phone": "+49 30 5550100",
            "Links": [("https://example.org/specs/csv", "Specification")],
            "Checklist": [("Column picker", True), ("Large boards", False), ("Docs", False)],
            "Files": [("columns.txt", "Name, Status, Assignee, Due\n")],
            "Votes": 7,
        },
    ),
    (
        "Sprint 14",
        {
            "Name": "Column picker",
            "parent": "Export a board as CSV",
            "Status": "Done",
            "Done": True,
            "Assignee": [BOB_ID],
        },
    ),
    (
        "Sprint 14",
        {
            "Name": "Large boards",
            "parent": "Export a board as CSV",
            "Status": "To do",
            "Assignee": [ADA_ID, BOB_ID],
            "Estimate": 3,
        },
    ),
    (
        "Sprint 14",
        {
            "Name": "Login fails after password reset",
            "Status": "Blocked",
            "Assignee": [ADA_ID],
            "Due": "2026-02-20",
            "Done": False,
            "Priority": "Urgent",
            "Estimate": 2,
            "Notes": "<p>Waiting for the mail provider.</p>",
            "Areas": "Web",
            "Files": [("trace.log", "POST /password 200\nPOST /login 401\n")],
        },
    ),
    (
        "Sprint 14",
        {
            "Name": "Dark mode",
            "Status": "Done",
            "Assignee": [RITA_ID],
            "Due": "2026-02-13",
            "Done": True,
            "Priority": "Medium",
            "Estimate": 5,
            "Progress": 100,
            "Areas": "Web, Mobile",
            "Votes": 21,
        },
    ),
    (
        "Sprint 14",
        {
            "Name": "Faster search",
            "Status": "Doing",
            "Assignee": [ADA_ID],
            "Due": "2026-03-13",
            "Priority": "High",
            "Estimate": 13,
            "Progress": 15,
            "Confidence": 2,
            "Areas": "API",
        },
    ),
    (
        "Hotfixes",
        {
            "Name": "Time zone off by one hour",
            "Status": "Done",
            "Assignee": [BOB_ID],
            "Due": "2026-02-04",
            "Done": True,
            "Priority": "Urgent",
            "Estimate": 1,
        },
    ),
    (
        "Hotfixes",
        {"Name": "Broken avatar images", "Status": "Doing", "Priority": "High", "Estimate": 0.5},
    ),
    (
        "Hotfixes",
        {
            "Name": "Crash on empty folder",
            "Status": "To do",
            "Assignee": [RITA_ID],
            "Due": "2026-03-02",
            "Priority": "Urgent",
            "Areas": "Mobile",
        },
    ),
    (
        "Backlog",
        {
            "Name": "Invite guests",
            "Status": "To do",
            "Due": "2026-04-17",
            "Priority": "Medium",
            "Estimate": 8,
            "Requested by": "ops@example.net",
        },
    ),
    (
        "Backlog",
        {
            "Name": "Guest permissions",
            "parent": "Invite guests",
            "Status": "To do",
            "Priority": "Medium",
        },
    ),
    (
        "Backlog",
        {
            "Name": "Guest e-mails",
            "parent": "Invite guests",
            "Status": "To do",
            "Notes": "<p>Texts are with <em>Dan</em>.</p>",
        },
    ),
    ("Backlog", {"Name": "Keyboard shortcuts", "Status": "To do", "Priority": "Low", "Votes": 3}),
    (
        "Backlog",
        {
            "Name": "Single sign-on",
            "Status": "Blocked",
            "Assignee": [ADA_ID],
            "Priority": "High",
            "Estimate": 21,
            "Links": [
                ("https://example.org/sso", "Vendor comparison"),
                ("notes://team/sso", None),
            ],
        },
    ),
    (
        "Backlog",
        {"Name": "Oberfläche auf Deutsch 🇩🇪", "Status": "To do", "Priority": "Medium"},
    ),
    ("Backlog", {"Name": "Undo after delete", "Status": "To do", "Due": "2026-05-08"}),
    ("Backlog", {"Name": "Webhook retries", "Status": "To do", "Areas": "API", "Estimate": 5}),
    ("Backlog", {"Name": "Print view", "Priority": "Low"}),
    ("Backlog", {"Status": "To do", "Notes": "<p>Made by accident, has no name.</p>"}),
    (
        "Backlog",
        {
            "Name": "Audit log",
            "Status": "To do",
            "Assignee": [DAN_ID],
            "Due": "2026-06-30",
            "Priority": "High",
            "Estimate": 13,
        },
    ),
    ("Ideas", {"Name": "Calendar feed", "Votes": 12, "Notes": "<p>iCal, read only.</p>"}),
    ("Ideas", {"Name": "Colour-blind palette", "Votes": 9, "Priority": "Medium"}),
    ("Ideas", {"Name": "Offline mode", "Votes": 30, "Priority": "Low"}),
    ("Ideas", {"Name": "Templates for boards", "Votes": 4}),
    ("Ideas", {"Name": "Voice notes", "Votes": 1}),
)

ROADMAP = BoardPlan(
    name="Product roadmap",
    description="<p>What we build, and when.</p>",
    color="#1EB9C8",
    user_ids=(ADA_ID, BOB_ID, RITA_ID),
    attributes=ROADMAP_ATTRIBUTES,
    folders=(
        ("Releases", None, ROADMAP_ALL),
        ("Sprint 14", "Releases", ROADMAP_ALL),
        ("Hotfixes", "Sprint 14", ROADMAP_ALL),
        ("Backlog", None, ROADMAP_ALL),
        ("Ideas", None, ("Name", "Priority", "Notes", "Votes", "Created at")),
    ),
    items=ROADMAP_ITEMS,
    comments=(
        ("Export a board as CSV", "<p>Excel wants a <strong>BOM</strong>.</p>", BOB_ID),
        ("Export a board as CSV", "<p>Agreed &amp; noted.</p><p>Thanks!</p>", ADA_ID),
        ("Login fails after password reset", "<p>Any news from the provider?</p>", RITA_ID),
        ("Single sign-on", '<p>See <a href="https://example.org/sso">this</a>.</p>', ADA_ID),
    ),
    views=(
        ("Sprint 14", "All", "table"),
        ("Sprint 14", "By status", "column"),
        ("Sprint 14", "Deadlines", "calendar"),
        ("Backlog", "All", "table"),
        ("Ideas", "Suggest an idea", "form"),
    ),
    references=(("Related to", "Faster search", "Export a board as CSV"),),
    time_entries=(("Time spent", "Export a board as CSV", 90),),
    hooks=(("https://hooks.example.org/roadmap", ("item.updated", "value.updated")),),
)
