"""Types of what infinity_mcp.env takes from django-environ, which has none. What it replaces with a
method of its own is left out."""

import builtins
from collections.abc import MutableMapping
from typing import Any, ClassVar

class Env:
    ENVIRON: ClassVar[MutableMapping[builtins.str, builtins.str]]
    NOTSET: ClassVar[object]
    BOOLEAN_TRUE_STRINGS: ClassVar[tuple[builtins.str, ...]]

    def str(self, var: builtins.str, default: builtins.str = ...) -> builtins.str: ...
    def db_url(self, var: builtins.str, **options: Any) -> dict[builtins.str, Any]: ...
    @classmethod
    def parse_value(cls, value: builtins.str, cast: Any) -> Any: ...
    @classmethod
    def db_url_config(cls, url: builtins.str) -> dict[builtins.str, Any]: ...
    @classmethod
    def cache_url_config(cls, url: builtins.str) -> dict[builtins.str, Any]: ...

class FileAwareEnv(Env): ...
