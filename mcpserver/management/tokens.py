"""Says how many bytes a token has, to estimate tokens where they cannot be counted."""

from __future__ import annotations

# Measured with o200k (docs/performance.md); other models differ. Ids take many tokens.
LISTING_BYTES_PER_TOKEN = 4.25
RESULT_BYTES_PER_TOKEN = {"markdown": 2.2, "json": 2.6}
