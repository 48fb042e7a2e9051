"""Decides what a caller may do. Nothing else in the project does."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from accounts.scopes import ACCESS, SCOPES


@dataclass(frozen=True)
class Policy:
    """Scopes and tools. `tools` None means every tool; an empty set means none.

    The two are different so that an intersection can never widen.
    """

    scopes: frozenset[str]
    tools: frozenset[str] | None = None

    def narrowed_by(self, other: Policy) -> Policy:
        """The rights that both policies allow."""
        return Policy(self.scopes & other.scopes, _tools_in_both(self.tools, other.tools))

    def allows(self, tool: str, scope: str) -> bool:
        """May `tool`, which needs `scope`, be listed and called?"""
        return scope in self.scopes and (self.tools is None or tool in self.tools)

    @property
    def ordered_scopes(self) -> list[str]:
        """The scopes in the order of `SCOPES`."""
        return [scope for scope in SCOPES if scope in self.scopes]

    @property
    def access(self) -> str:
        """The scopes as lists show them: a word of ACCESS, or one by one if no word fits."""
        for word, scopes in ACCESS.items():
            if self.scopes == {*scopes}:
                return word
        return ", ".join(each.partition(":")[2] for each in self.ordered_scopes) or "nothing"

    @property
    def in_words(self) -> list[str]:
        """Descriptions of the scopes, for people."""
        words = settings.OAUTH2_PROVIDER["SCOPES"]
        return [words[scope] for scope in self.ordered_scopes]


def _tools_in_both(
    one: frozenset[str] | None, other: frozenset[str] | None
) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
