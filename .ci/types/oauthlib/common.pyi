from typing import Any

class Request:
    """Takes what a client sent and what validators add as attributes."""

    uri: str
    http_method: str
    headers: dict[str, str]

    def __getattr__(self, name: str) -> Any: ...
    def __setattr__(self, name: str, value: Any) -> None: ...
