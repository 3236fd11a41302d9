"""Results that take long are kept on disk, by everything they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

SHELF = Path(".cache") / "azaanalysis"
Frames = dict[str, pd.DataFrame]


def load_or_make(kind: str, key: Mapping[str, Any], make: Callable[[], Frames]) -> Frames:
    """Return frames from the shelf, or make them and put them there.

    Parameters
    ----------
    kind
        First word of the folder's name.
    key
        What the frames depend on, besides the source of this package's mechanism.
    make
        Makes the frames. A folder that cannot be written or read is passed over.
    """
    folder = SHELF / f"{kind}_{_digest(key)}"
    if (folder / "complete").is_file():
        try:
            return {p.stem: pd.read_parquet(p) for p in _in_order(folder)}
        except (OSError, ValueError):
            pass
    frames = make()
    try:
        _put(frames, folder)
    except OSError:
        return frames
    return frames


def _in_order(folder: Path) -> list[Path]:
    names = (folder / "complete").read_text(encoding="utf-8").split()
    return [folder / f"{name}.parquet" for name in names]


def _put(frames: Frames, folder: Path) -> None:
    """Write frames beside their place and move them there at once.

    Two processes may put the same thing on the shelf; the first one does.
    """
    beside = folder.with_name(f"{folder.name}.{os.getpid()}")
    beside.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_parquet(beside / f"{name}.parquet")
    (beside / "complete").write_text(" ".join(frames), encoding="utf-8")
    try:
        beside.rename(folder)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)


def _digest(key: Mapping[str, Any]) -> str:
    text = json.dumps(dict(key), sort_keys=True, default=str)
    return hashlib.sha256((text + mechanism_digest()).encode()).hexdigest()[:16]


@cache
def mechanism_digest() -> str:
    """Return a digest of the source of the mechanism: another version, another truth."""
    digest = hashlib.sha256()
    for entry in sorted(files("azaanalysis.synthetic").iterdir(), key=lambda e: e.name):
        is_table = entry.name.startswith("parameters") and entry.name.endswith(".csv")
        if entry.name.endswith(".py") or is_table:
            digest.update(entry.read_bytes())
    return digest.hexdigest()
