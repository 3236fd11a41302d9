"""Digests of every file of a report, and whether any of them was changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from azaanalysis.errors import ReportError

MANIFEST_NAME = "manifest.json"


def digest_of(path: Path) -> str:
    """Return the SHA-256 digest of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def list_files(folder: Path) -> list[str]:
    """Return the files of a report but its manifest, in the order of their names."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != MANIFEST_NAME)


def seal_report(folder: Path, manifest: Mapping[str, Any], *, files: list[str]) -> Path:
    """Write the manifest of a report, with the digest of each of its files."""
    digests = {name: digest_of(folder / name) for name in sorted(files)}
    path = folder / MANIFEST_NAME
    text = json.dumps({**manifest, "files": digests}, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a report.

    Raises
    ------
    ReportError
        If there is none, or it cannot be read.
    """
    path = folder / MANIFEST_NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest["files"].items()
    except OSError:
        raise ReportError(
            f"There is no {MANIFEST_NAME} in {folder}, so nothing can be compared with it. Give "
            "the folder that holds index.html."
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ReportError(
            f"{MANIFEST_NAME} in {folder} is damaged: it no longer lists the files of the report."
        ) from None
    return dict(manifest)


def verify_report(folder: str | Path) -> int:
    """Compare every file of a report with the digests in its manifest.

    Parameters
    ----------
    folder
        Folder of the report.

    Returns
    -------
    int
        How many files were compared and found unchanged.

    Raises
    ------
    ReportError
        If a file was changed, is missing or was added; every one is named.

    Notes
    -----
    A digest shows a change, not who made it: whoever can also rewrite the manifest can hide one.
    Keep a copy of ``manifest.json`` where the report cannot be changed.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    faults = list(_faults(folder, manifest["files"]))
    if faults:
        raise ReportError(
            "This is not the report that was made.\n" + "\n".join(f"  {fault}" for fault in faults)
        )
    return len(manifest["files"])


def _faults(folder: Path, digests: Mapping[str, str]) -> Iterator[str]:
    root = folder.resolve()
    for name, digest in digests.items():
        path = (folder / name).resolve()
        if not path.is_relative_to(root):
            yield f"{name}: it lies outside the folder of the report."
        elif not path.is_file():
            yield f"{name}: it is missing."
        elif digest_of(path) != digest:
            yield f"{name}: it was changed after the report was made."
    for name in list_files(folder):
        if name not in digests:
            yield f"{name}: it was not part of the report when it was made."


def forget_report(folder: Path) -> None:
    """Delete the files of an earlier report in this folder, and nothing that is not one of them."""
    try:
        names = read_manifest(folder)["files"]
    except ReportError:
        return
    root = folder.resolve()
    for name in [*names, MANIFEST_NAME]:
        path = (folder / name).resolve()
        if path.is_relative_to(root) and path.is_file():
            path.unlink()
