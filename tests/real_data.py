"""Where real data are kept on machines that have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared() -> Path:
    """Return the folder of real data: a folder ``shared`` beside the checkout, or as told."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    return Path(os.environ.get("AZAANALYSIS_SHARED", beside))


def real(path: str) -> Path:
    """Return a file or folder of real data, or skip the test with the reason."""
    found = shared() / "real" / path
    if not found.exists():
        pytest.skip("the shared folder with real data is not here")
    return found
