"""Settings of the admin's theme, django-unfold: names, colours, files."""

from __future__ import annotations

UNFOLD = {
    "SITE_TITLE": "Infinity MCP",
    "SITE_HEADER": "Infinity MCP",
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {  # a blue; 500 is light enough to be read on a dark page
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(76% .135 253)",
            "500": "oklch(70.7% .165 254.6)",
            "600": "oklch(50% .2 262)",
            "700": "oklch(44% .19 264)",
            "800": "oklch(38% .16 265)",
            "900": "oklch(33% .13 265)",
            "950": "oklch(26% .09 267)",
        }
    },
    "STYLES": ["/static/mcpserver/admin.css"],
    "SCRIPTS": ["/static/mcpserver/admin.js"],
    "DASHBOARD_CALLBACK": "mcpserver.admin.dashboard.add_dashboard",
    "SIDEBAR": {"navigation": "infinity_mcp.theme.menu.navigation"},
}
