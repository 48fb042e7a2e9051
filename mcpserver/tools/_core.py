"""Lists the core tools, for clients that load every tool they are offered."""

from __future__ import annotations

CORE = frozenset(
    {
        "infinity_get_profile",
        "infinity_list_workspaces",
        "infinity_list_boards",
        "infinity_describe_board",
        "infinity_search_items",
        "infinity_query_items",
        "infinity_read_item",
        "infinity_get_item_attribute_value",
        "infinity_get_comment",
        "infinity_list_changes",
        "infinity_list_items",
        "infinity_create_item",
        "infinity_update_item",
        "infinity_add_item_comment",
        "infinity_upload_attachment_from_url",
        "infinity_create_time_entry",
    }
)
