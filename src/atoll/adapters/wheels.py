"""Wheels: what one declares, one out of an installed distribution, and one out of files, the same bytes every time."""

import base64
import csv
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Mapping
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip file can tell: all files of a wheel that is written here have it."""

_LEFT_BEHIND = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"})
_WHEEL = "Wheel-Version: 1.0\nGenerator: atoll\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def metadata_of(wheel: Path) -> Message:
    """The METADATA of a wheel.

    Raises:
        ValueError: it is no wheel.
    """
    try:
        with zipfile.ZipFile(wheel) as opened:
            names = [name for name in opened.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
            if len(names) != 1:
                raise ValueError("it holds no METADATA")
            return HeaderParser().parsestr(opened.read(names[0]).decode("utf-8"))
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def pure_wheel(name: str, version: str, metadata: str, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """The file name and the bytes of a wheel of pure Python; equal input makes equal bytes on every machine.

    >>> name, content = pure_wheel("shop-pricing-contract", "1.0", "...", {"shop/pricing/contract.py": b""})
    >>> name
    'shop_pricing_contract-1.0-py3-none-any.whl'
    """
    stem = f"{re.sub(r'[-_.]+', '_', name).lower()}-{version}"
    folder = f"{stem}.dist-info"
    described = {f"{folder}/METADATA": metadata.encode(), f"{folder}/WHEEL": _WHEEL.encode()}
    return f"{stem}-py3-none-any.whl", _zipped({**files, **described}, folder)


def repacked(distribution: Distribution, into: Path) -> Path:
    """A wheel out of what is installed, by its RECORD; its scripts are made again from its entry points.

    Raises:
        ValueError: it does not say which files it has, or one of them is gone.
    """
    files: dict[str, bytes] = {}
    folder = ""
    record = distribution.read_text("RECORD") or ""  # `files` passes over what is gone, from Python 3.12 on
    for row in csv.reader(record.splitlines()):
        path = PurePosixPath(row[0])
        if path.parts[0].endswith(".dist-info"):
            folder = path.parts[0]
        if ".." in path.parts or path.suffix == ".pyc" or (path.parent.name == folder and path.name in _LEFT_BEHIND):
            continue
        try:
            files[str(path)] = Path(str(distribution.locate_file(row[0]))).read_bytes()
        except OSError as error:
            raise ValueError(f"{path} of the installed {distribution.name} cannot be read: {error.strerror}") from None
    if not folder or f"{folder}/WHEEL" not in files:
        raise ValueError(f"the installed {distribution.name} does not say which files it has")
    tags = re.findall(r"^Tag: (.+)$", files[f"{folder}/WHEEL"].decode(), re.MULTILINE)
    wheel = into / f"{folder.removesuffix('.dist-info')}-{tags[0] if tags else 'py3-none-any'}.whl"
    beside = wheel.with_suffix(f".{os.getpid()}")
    beside.write_bytes(_zipped(files, folder))
    beside.replace(wheel)  # at once, since others may be installing it
    return wheel


def _zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    rows.writerows((name, _digest(files[name]), len(files[name])) for name in _in_order(files, folder))
    rows.writerow((f"{folder}/RECORD", "", ""))
    whole = {**files, f"{folder}/RECORD": record.getvalue().encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as written:  # stored: compression differs between versions
        for name in [*_in_order(files, folder), f"{folder}/RECORD"]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = 0o100644 << 16
            written.writestr(entry, whole[name])
    return out.getvalue()


def _in_order(files: Mapping[str, bytes], folder: str) -> list[str]:
    """Sorted, the description of the wheel last, as its specification recommends."""
    return sorted(files, key=lambda name: (name.startswith(f"{folder}/"), name))


def _digest(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
