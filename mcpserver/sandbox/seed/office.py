"""Defines the board "Office & people" of the seed."""

from __future__ import annotations

from mcpserver.sandbox.data.people import ADA_ID, BOB_ID, DAN_ID
from mcpserver.sandbox.seed.plan import (
    AUTOMATIC,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    Attributes,
    BoardPlan,
    Items,
)

OFFICE_ATTRIBUTES: Attributes = (
    ("Name", "text", {}),
    (
        "Kind",
        "label",
        {"labels": {"Contract": BLUE, "Onboarding": GREEN, "Purchase": ORANGE, "Event": GREY}},
    ),
    ("Responsible", "members", {"multiple": False}),
    ("Deadline", "date", {}),
    ("Settled", "checkbox", {}),
    ("Cost", "number", {}),
    ("Description", "longtext", {}),
    ("Onboarding", "progress", {"min": 0, "max": 100}),
    ("Satisfaction", "rating", {"max": 5}),
    ("Contact", "email", {}),
    ("Telephone", "phone", {}),
    ("Websites", "links", {}),
    ("Steps", "checklist", {}),
    ("Documents", "attachments", {}),
    ("In favour", "vote", {}),
    ("No.", "custom_id", {"prefix": "OP-"}),
    *AUTOMATIC,
)
OFFICE_ALL = tuple(name for name, _, _ in OFFICE_ATTRIBUTES)

OFFICE_ITEMS: Items = (
    (
        "Contracts",
        {
            "Name": "Office lease",
            "Kind": "Contract",
            "Responsible": [ADA_ID],
            "Deadline": "2026-09-30",
            "Settled": True,
            "Cost": 2450.5,
            "Description": "<p>Notice period: six months.</p>",
            "Satisfaction": 3,
            "Contact": "lease@example.com",
            "Telephone": "(030) 555 0199",
            "Websites": [("https://example.com/tenants", "Tenant portal")],
            "Documents": [("lease-summary.txt", "Rent 2450.50, notice six months\n")],
        },
    ),
    ("Contracts", {"Name": "Cleaning", "Kind": "Contract", "Cost": 320, "Settled": False}),
    (
        "Contracts",
        {"Name": "Internet line", "Kind": "Contract", "Cost": 89.9, "Deadline": "2026-07-01"},
    ),
    ("Contracts", {"Name": "Coffee machine", "Kind": "Purchase", "Cost": 1299, "In favour": 6}),
    (
        "New colleagues",
        {
            "Name": "Welcome Nora",
            "Kind": "Onboarding",
            "Responsible": [BOB_ID],
            "Deadline": "2026-04-01",
            "Onboarding": 25,
            "Steps": [("Laptop", True), ("Accounts", False), ("Lunch", False)],
        },
    ),
    (
        "New colleagues",
        {"Name": "Order laptop", "parent": "Welcome Nora", "Settled": True, "Cost": 1840},
    ),
    ("New colleagues", {"Name": "Create accounts", "parent": "Welcome Nora"}),
    ("New colleagues", {"Name": "Welcome Ivo", "Kind": "Onboarding", "Onboarding": 0}),
    ("Events", {"Name": "Summer party", "Kind": "Event", "Deadline": "2026-07-10", "In favour": 5}),
    ("Events", {"Name": "Team days", "Kind": "Event", "Responsible": [DAN_ID], "Cost": 5200}),
    ("Events", {"Name": "Open house"}),
)

OFFICE = BoardPlan(
    name="Office & people",
    description=None,
    color="#F7C990",
    user_ids=(ADA_ID, BOB_ID, DAN_ID),
    attributes=OFFICE_ATTRIBUTES,
    folders=(
        ("Contracts", None, OFFICE_ALL),
        ("People", None, OFFICE_ALL),
        ("New colleagues", "People", OFFICE_ALL),
        ("Events", None, ("Name", "Kind", "Responsible", "Deadline", "Cost", "In favour")),
    ),
    items=OFFICE_ITEMS,
    comments=(("Office lease", "<p>Renewal talk is in March.</p>", ADA_ID),),
    views=(("Contracts", "All", "table"), ("New colleagues", "Board", "column")),
)
