"""The folder of a run: short enough for sockets, for its owner alone, and never that of somebody else."""

import os
import stat
from pathlib import Path

from atoll.adapters.run_folder import PATH_BYTES_MAX, ChangingFile, RunFolder


def test_it_lies_in_the_state_folder() -> None:
    """Where one looks for it; nobody else can look into it."""
    state = Path("/tmp") / f"atoll-test-{os.getpid()}"
    folder = RunFolder.make(state, ["stock"])
    mode = stat.S_IMODE(folder.path.stat().st_mode)
    folder.remove()
    left = list(state.iterdir())
    state.rmdir()

    assert folder.path == state / "run" / str(os.getpid())
    assert mode == 0o700
    assert left == []


def test_a_deep_state_folder_has_it_elsewhere(tmp_path: Path) -> None:
    """The path of a Unix socket has an end."""
    state = tmp_path / ("deep" * 30)
    state.mkdir()
    folder = RunFolder.make(state, ["stock"])
    path = folder.socket("stock-999999")
    folder.remove()

    assert len(path) <= PATH_BYTES_MAX
    assert not folder.path.exists()


def test_what_runs_have_left_is_removed(tmp_path: Path) -> None:
    """Whoever holds the lock knows that nobody is there."""
    state = tmp_path / ("deep" * 30)
    (state / "run" / "1").mkdir(parents=True)
    folder = RunFolder.make(state, ["stock"])
    again = RunFolder.make(state, ["stock"])
    again.remove()

    assert folder.path == again.path
    assert not (state / "run" / "1").exists()


def test_a_link_leads_to_one_socket_after_the_other(tmp_path: Path) -> None:
    """Whoever knows nothing of peers finds somebody at the same place."""
    folder = RunFolder(tmp_path)
    folder.point("stock", str(tmp_path / "stock-1.sock"))
    first = (tmp_path / "stock.sock").readlink()
    folder.point("stock", str(tmp_path / "stock-2.sock"))
    second = (tmp_path / "stock.sock").readlink()
    folder.point("stock", None)

    assert (first.name, second.name) == ("stock-1.sock", "stock-2.sock")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_read_when_it_has_changed(tmp_path: Path) -> None:
    """And only then."""
    folder = RunFolder(tmp_path)
    folder.write("peers.json", b"1")
    file = ChangingFile(tmp_path / "peers.json")
    read = [file.changed(), file.changed()]
    folder.write("peers.json", b"2")
    read.append(file.changed())

    assert read == [b"1", None, b"2"]
