"""Defines switches for rules of Infinity that could not be verified, with likely defaults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Options:
    """How the sandbox behaves where Infinity's own behaviour is uncertain."""

    # Versions and limits
    missing_version: Literal["legacy", "refuse"] = "legacy"
    """Without an X-API-Version header: behave as the oldest version, or answer 401."""
    requests_per_minute: int = 180
    rate_limit_headers: bool = True
    max_upload_bytes: int = 25 * 1024 * 1024

    # Lists
    limit_out_of_range: Literal["refuse", "clamp"] = "refuse"
    unknown_expand: Literal["refuse", "ignore"] = "refuse"
    lists_include_deleted: bool = False
    parent_folder_includes_subfolders: bool = False
    """Whether items?folder_id=X also lists the items of X's sub-folders."""

    # Answers
    create_status: int = 201
    delete_status: int = 200
    """204 answers a delete without a body."""
    wrap_single: bool = False
    """Answer one object as {"data": {…}}."""
    time_format: Literal["iso", "space"] = "iso"
    empty_settings_as_list: bool = False
    """Write an empty object as [], as PHP does."""
    archived_readable: bool = True
    """GET of an archived item or folder returns it with deleted: true; otherwise 404."""

    # Items and values
    values_required: bool = True
    """Creating an item without `values` is refused."""
    values_in_answers: bool = False
    """Whether creating and updating an item answer with its values."""
    value_ids: bool = False
    """Nested values carry `id` and `item_id`."""
    computed_values: bool = True
    """created_at, updated_at, created_by and source_folder appear among the values."""
    expanded_attribute_id: bool = True
    """expand values.attribute keeps `attribute_id`."""
    expanded_folder_id: bool = True
    """expand folder keeps `folder_id`."""
    null_data: Literal["scalars", "all", "none"] = "scalars"
    """Which types of attribute a null clears."""
    write_unattached: bool = True
    """Values of attributes that the item's folder does not show can be written."""
    wrap_plain_text: bool = False
    """HTML fields sent as plain text are stored as a paragraph."""
    checklist_creatable: bool = True

    # Members
    restricted_lists_members: bool = False
    invite_answer: Literal["member", "invitation"] = "member"

    # References and time
    removed_status: int = 404
    """Status of routes that the selected version removed."""
    reference_delete_removed: bool = False
    reference_repeat: Literal["duplicate", "existing", "refuse"] = "duplicate"
    timer_stops_previous: bool = False

    # Hooks
    hook_events: Literal["both", "objects", "strings"] = "both"
    unknown_hook_events: Literal["refuse", "accept"] = "refuse"
    hook_deliver_twice: bool = False
    hook_disable_after: int = 5
    """Failed deliveries in a row until a hook is silently disabled."""

    # Attachments
    attachment_link_seconds: int = 300

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> Options:
        """Options from `name=value` texts. Raises ValueError, which names the valid ones."""
        return cls(**dict(_parse(text, get_type_hints(cls)) for text in assignments))


def _parse(assignment: str, types: dict[str, Any]) -> tuple[str, Any]:
    name, separator, text = assignment.partition("=")
    if not separator:
        raise ValueError(f"{assignment!r} is not name=value")
    if name not in {field.name for field in fields(Options)}:
        raise ValueError(f"no option {name!r}; valid: {', '.join(sorted(types))}")
    choices = _choices(types[name])
    if choices is None and text.isascii() and text.isdigit():
        return name, int(text)
    if choices is None or text not in choices:
        valid = "a whole number" if choices is None else ", ".join(choices)
        raise ValueError(f"{name}={text!r}: must be {valid}")
    return name, choices[text]


def _choices(kind: Any) -> dict[str, Any] | None:
    """The accepted spellings of a type's values; None for a number."""
    if kind is bool:
        return {"true": True, "false": False}
    if get_origin(kind) is Literal:
        return {choice: choice for choice in get_args(kind)}
    return None
