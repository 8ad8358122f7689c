"""Where Atoll comes from is read from what is installed, and what is installed can become a wheel again."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from atoll import Mistakes
from atoll.adapters.installers import Uv, present_installer
from atoll.adapters.origin import origin, origin_of_atoll
from atoll.adapters.wheels import metadata_of, pure_wheel, repacked
from tests.house.checkout import ROOT

FILES = {"songs/__init__.py": b"WORD = 'la'\n", "songs/notes.txt": b"do re mi"}
METADATA = "Metadata-Version: 2.1\nName: tiny-songs\nVersion: 1.0\n"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel of two files."""
    name, content = pure_wheel("tiny-songs", "1.0", METADATA, FILES)
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def installed(folder: Path, direct_url: object = None) -> Distribution:
    """An installed distribution, as an installer leaves it."""
    info = folder / "tiny_songs-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "songs").mkdir()
    files = {
        **FILES,
        "songs/__pycache__/__init__.cpython-311.pyc": b"",
        f"{info.name}/METADATA": METADATA.encode(),
        f"{info.name}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
        f"{info.name}/INSTALLER": b"uv",
    }
    (folder / "songs/__pycache__").mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url), encoding="utf-8")
    listed = [*files, "../../bin/songs", f"{info.name}/RECORD"]
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in listed), encoding="utf-8")
    return PathDistribution(info)


def test_what_came_from_an_index_is_asked_for_by_its_version(tmp_path: Path) -> None:
    """No address is noted, and none is needed."""
    assert origin(installed(tmp_path / "site"), tmp_path).arguments == ("tiny-songs==1.0",)


def test_an_editable_folder_stays_editable(tmp_path: Path) -> None:
    """Whoever works on the platform sees each change in every process."""
    folder = tmp_path / "song book"
    folder.mkdir()
    noted = {"url": folder.as_uri(), "dir_info": {"editable": True}}

    assert origin(installed(tmp_path / "site", noted), tmp_path).arguments == ("--editable", str(folder))


def test_a_folder_is_installed_again(tmp_path: Path) -> None:
    """And known by what is in it."""
    folder = tmp_path / "book"
    folder.mkdir()
    distribution = installed(tmp_path / "site", {"url": folder.as_uri(), "dir_info": {}})

    before = origin(distribution, tmp_path)
    (folder / "song.py").write_text("x", encoding="utf-8")
    after = origin(distribution, tmp_path)

    assert before.arguments == after.arguments == (str(folder),)
    assert before.digest != after.digest


def test_a_wheel_is_installed_again(tmp_path: Path, wheel: Path) -> None:
    """While it is where it was."""
    distribution = installed(tmp_path / "site", {"url": wheel.as_uri(), "archive_info": {}})

    assert origin(distribution, tmp_path).arguments == (str(wheel),)


@pytest.mark.parametrize("url", ["file:///gone/tiny_songs-1.0-py3-none-any.whl", "git+https://example.com/songs"])
def test_where_the_origin_is_gone_the_installed_files_make_a_wheel(tmp_path: Path, url: str) -> None:
    """With its own files, and nothing that the installer has added."""
    made = origin(installed(tmp_path / "site", {"url": url}), tmp_path)

    (argument,) = made.arguments
    with zipfile.ZipFile(argument) as opened:
        names = opened.namelist()
    info = "tiny_songs-1.0.dist-info"
    assert names == [*sorted(FILES), f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"]
    assert metadata_of(Path(argument))["Name"] == "tiny-songs"


def test_the_same_files_make_the_same_wheel(tmp_path: Path) -> None:
    """Otherwise each start would make a new environment."""
    distribution = installed(tmp_path / "site", {"url": "file:///gone.whl"})

    assert origin(distribution, tmp_path) == origin(distribution, tmp_path)


def test_what_is_not_whole_is_told(tmp_path: Path) -> None:
    """An installation that lacks a file would make a wheel that does."""
    distribution = installed(tmp_path / "site", {"url": "file:///gone.whl"})
    (tmp_path / "site/songs/notes.txt").unlink()

    with pytest.raises(Mistakes, match=r"songs/notes.txt of the installed tiny-songs cannot be read"):
        origin(distribution, tmp_path)


def test_the_record_holds_every_file_with_its_digest(wheel: Path) -> None:
    """An installer refuses what does not match."""
    with zipfile.ZipFile(wheel) as opened:
        rows = list(csv.reader(io.StringIO(opened.read("tiny_songs-1.0.dist-info/RECORD").decode())))
        names = opened.namelist()

    assert [row[0] for row in rows] == names
    assert all(row[1].startswith("sha256=") and row[2] for row in rows[:-1])
    assert rows[-1][1:] == ["", ""]


@pytest.mark.parametrize("content", [b"", b"no zip", pure_wheel("x", "1", "", {})[1][:100]])
def test_what_is_no_wheel_is_refused(tmp_path: Path, content: bytes) -> None:
    """A download that broke off, for instance."""
    (tmp_path / "x-1-py3-none-any.whl").write_bytes(content)

    with pytest.raises(ValueError, match=r"."):
        metadata_of(tmp_path / "x-1-py3-none-any.whl")


@pytest.mark.slow
def test_a_wheel_out_of_what_is_installed_can_be_installed(tmp_path: Path) -> None:
    """A real one: what pytest's plugins are registered by travels with it, and its program is made again."""
    from importlib.metadata import distribution  # noqa: PLC0415  # only this test asks for a real one

    wheel = repacked(distribution("click"), tmp_path)
    target = tmp_path / "target"

    uv = present_installer()
    assert isinstance(uv, Uv)
    command = [str(uv.program), "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    done = subprocess.run([*command, "--python", sys.executable], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert (target / "click/core.py").exists()


def test_the_atoll_of_the_tests_is_the_checkout(tmp_path: Path) -> None:
    """As `make env` installs it."""
    assert origin_of_atoll(tmp_path).arguments == ("--editable", str(ROOT))
