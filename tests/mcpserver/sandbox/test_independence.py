from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
import mcpserver.sandbox
print(*(name for name in sys.modules if name.startswith(("django", "mcp", "accounts"))))
"""


def test_sandbox_imports_neither_django_nor_the_project() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "mcpserver.sandbox.app" in loaded
    assert {"mcpserver"} == {name for name in loaded if not name.startswith("mcpserver.sandbox")}
