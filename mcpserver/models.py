"""Imports the models of this app, so that Django finds them."""

from mcpserver.audit.models import CallSummary, Event, ToolCall

__all__ = ["CallSummary", "Event", "ToolCall"]
