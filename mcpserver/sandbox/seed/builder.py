"""Turns the plans into records, with the same ids and times at every start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mcpserver.sandbox.data.ids import Ids
from mcpserver.sandbox.data.models import (
    Attachment,
    Attribute,
    Board,
    Comment,
    Folder,
    Hook,
    Item,
    Json,
    Member,
    Reference,
    TimeEntry,
    Value,
    View,
    Workspace,
)
from mcpserver.sandbox.data.people import ADA_ID, BOB_ID
from mcpserver.sandbox.data.store import Store, next_sort_order
from mcpserver.sandbox.rules.values import empty_data
from mcpserver.sandbox.seed.plan import BoardPlan, WorkspacePlan

FIRST_DAY = datetime(2026, 1, 12, 9, tzinfo=UTC)
SETTING_UP = timedelta(minutes=3)
WORKING = timedelta(hours=7, minutes=13)


class Builder:
    """Builds workspaces, at times that grow with each record."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.store = Store()
        self._now = FIRST_DAY

    def tick(self, step: timedelta) -> datetime:
        """Move the clock on, and return its time."""
        self._now += step
        return self._now

    def workspace(self, plan: WorkspacePlan) -> None:
        """Add a workspace with its members and boards."""
        workspace = Workspace(plan.id, plan.name, self.tick(SETTING_UP))
        for user_id, role in plan.roles.items():
            workspace.members[user_id] = Member(user_id, role, self.tick(SETTING_UP))
        self.store.workspaces.add(workspace)
        for board in plan.boards:
            BoardBuilder(self, workspace, board).build()


class BoardBuilder:
    """Builds one board. Its records are looked up by the names that the plan uses."""

    def __init__(self, builder: Builder, workspace: Workspace, plan: BoardPlan) -> None:
        self.builder, self.ids, self.store = builder, builder.ids, builder.store
        self.workspace, self.plan = workspace, plan
        self.attributes: dict[str, Attribute] = {}
        self.folders: dict[str, Folder] = {}
        self.items: dict[str, Item] = {}
        self.board = Board(
            id=self.ids.base58(),
            workspace_id=workspace.id,
            name=plan.name,
            description=plan.description,
            color=plan.color,
            user_ids=list(plan.user_ids),
            created_at=builder.tick(SETTING_UP),
        )

    def build(self) -> None:
        """Add the board and all its records, in the order of the plan."""
        self.store.boards.add(self.board)
        for name, kind, settings in self.plan.attributes:
            self._attribute(name, kind, settings)
        for folder, parent, shown in self.plan.folders:
            self._folder(folder, parent, shown)
        for item_folder, values in self.plan.items:
            self._item(item_folder, values)
        for item, text, author in self.plan.comments:
            self._comment(item, text, author)
        for view_folder, view, view_kind in self.plan.views:
            self._view(view_folder, view, view_kind)
        for attribute, source, target in self.plan.references:
            self._reference(attribute, source, target)
        for attribute, item, minutes in self.plan.time_entries:
            self._time_entry(attribute, item, minutes)
        for url, events in self.plan.hooks:
            self._hook(url, events)

    def _attribute(self, name: str, kind: str, settings: Mapping[str, Any]) -> None:
        self.attributes[name] = self.store.attributes.add(
            Attribute(
                id=self.ids.uuid4(),
                board_id=self.board.id,
                name=name,
                type=kind,
                default_data=empty_data(kind),
                settings=self._settings(settings),
                created_at=self.builder.tick(SETTING_UP),
            )
        )

    def _settings(self, settings: Mapping[str, Any]) -> Json:
        if "labels" not in settings:
            return dict(settings)
        labels = [
            {"id": self.ids.uuid4(), "name": name, "color": color}
            for name, color in settings["labels"].items()
        ]
        return {"multiple": False, "allowNew": True, "allowEmpty": True, **settings} | {
            "labels": labels
        }

    def _folder(self, name: str, parent: str | None, shown: Sequence[str]) -> None:
        self.folders[name] = self.store.folders.add(
            Folder(
                id=self.ids.base58(),
                board_id=self.board.id,
                name=name,
                sort_order=next_sort_order(self.folders.values()),
                created_at=self.builder.tick(SETTING_UP),
                color="#9FE1E7" if parent is None else None,
                parent_id=self.folders[parent].id if parent else None,
                attribute_ids=[self.attributes[shown_name].id for shown_name in shown],
            )
        )

    def _item(self, folder: str, values: Mapping[str, Any]) -> None:
        now = self.builder.tick(WORKING)
        parent = self.items[values["parent"]].id if "parent" in values else None
        folder_id = self.folders[folder].id
        self.board.items_made += 1
        item = Item(
            id=self.ids.uuid7(now),
            board_id=self.board.id,
            folder_id=folder_id,
            created_at=now,
            created_by=self.board.user_ids[self.board.items_made % len(self.board.user_ids)],
            updated_at=now + timedelta(hours=2),
            sort_order=next_sort_order(self.store.items.where(folder_id=folder_id)),
            number=self.board.items_made,
            parent_id=parent,
        )
        for name, data in values.items():
            if name in self.attributes:
                attribute = self.attributes[name]
                item.values[attribute.id] = Value(self.ids.uuid4(), self._data(attribute, data))
        self.items[values.get("Name", "")] = self.store.items.add(item)

    def _data(self, attribute: Attribute, data: Any) -> Any:
        """Data as the API has it, from the short form of the plan."""
        if attribute.type == "label":
            ids = {label["name"]: label["id"] for label in attribute.settings["labels"]}
            return [ids[name] for name in data.split(", ")]
        if attribute.type == "links":
            return [
                {"id": self.ids.uuid4(), "url": url, "name": name, "favicon": None}
                for url, name in data
            ]
        if attribute.type == "checklist":
            return [{"id": self.ids.uuid4(), "name": name, "done": done} for name, done in data]
        if attribute.type == "attachments":
            return [{"id": self._attachment(name, text)} for name, text in data]
        return data

    def _attachment(self, name: str, text: str) -> int:
        number = self.ids.number()
        made = self.builder.tick(SETTING_UP)
        file = Attachment(number, self.workspace.id, name, text.encode(), made)
        return self.store.attachments.add(file).id

    def _comment(self, item: str, text: str, author: int) -> None:
        self.store.comments.add(
            Comment(
                id=self.ids.uuid4(),
                board_id=self.board.id,
                item_id=self.items[item].id,
                text=text,
                created_at=self.builder.tick(WORKING),
                created_by=author,
            )
        )

    def _view(self, folder: str, name: str, kind: str) -> None:
        folder_id = self.folders[folder].id
        self.store.views.add(
            View(
                id=self.ids.uuid4(),
                board_id=self.board.id,
                folder_id=folder_id,
                name=name,
                type=kind,
                sort_order=next_sort_order(self.store.views.where(folder_id=folder_id)),
                created_at=self.builder.tick(SETTING_UP),
                created_by=self.board.user_ids[0],
                settings={"formSettings": {"logoImageUrl": None}} if kind == "form" else {},
            )
        )

    def _reference(self, attribute: str, source: str, target: str) -> None:
        self.store.references.add(
            Reference(
                id=self.ids.uuid4(),
                board_id=self.board.id,
                attribute_id=self.attributes[attribute].id,
                from_item_id=self.items[source].id,
                to_item_id=self.items[target].id,
                created_at=self.builder.tick(SETTING_UP),
            )
        )

    def _time_entry(self, attribute: str, item: str, minutes: int) -> None:
        started = self.builder.tick(WORKING)
        self.store.time_entries.add(
            TimeEntry(
                id=self.ids.uuid4(),
                board_id=self.board.id,
                item_id=self.items[item].id,
                attribute_id=self.attributes[attribute].id,
                started_at=started,
                ended_at=started + timedelta(minutes=minutes),
                description="Pairing",
                created_by=BOB_ID,
                created_at=started,
            )
        )

    def _hook(self, url: str, events: Sequence[str]) -> None:
        self.store.hooks.add(
            Hook(
                id=self.ids.uuid4(),
                board_id=self.board.id,
                url=url,
                events=[{"event": event} for event in events],
                user_id=ADA_ID,
                secret=self.ids.secret(),
                created_at=self.builder.tick(SETTING_UP),
            )
        )
