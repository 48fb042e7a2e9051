"""The benchmark behind docs/performance.md; `scripts/bench --help` says how to run it."""

from __future__ import annotations
