"""Processes that several tests start: without a network, and gone with all they have started."""

import contextlib
import os
import subprocess
from pathlib import Path

from helpers import ROOT

import psutil

NO_INTERFACES = ["unshare", "--net", "--map-root-user", "sh", "-c"]
NO_INTERFACES += ['ip link set lo up && exec "$@"', "sh"]
REFUSED_SOCKETS = """
import errno, socket

HERE = ("127.0.0.1", "::1", "localhost", "", None)
connect, look_up = socket.socket.connect, socket.getaddrinfo

def connect_here(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")
    return connect(self, address)

def look_up_here(host, port, family=0, type=0, proto=0, flags=0):
    only_numbers = 0 if host in HERE else socket.AI_NUMERICHOST
    return look_up(host, port, family, type, proto, flags | only_numbers)

socket.socket.connect, socket.getaddrinfo = connect_here, look_up_here
"""


def allowed(wrapper: list[str]) -> bool:
    """Whether this system lets us start a process with `wrapper` before its command."""
    try:
        return subprocess.run([*wrapper, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def without_network(folder: Path, namespace: bool) -> tuple[list[str], dict[str, str]]:
    """What comes before the command of a process that has loopback only, and its variables.

    With `namespace`, the system takes all else away; else Python refuses, as a file in `folder`
    tells it.
    """
    if namespace:
        return NO_INTERFACES, {}
    (folder / "sitecustomize").mkdir()
    (folder / "sitecustomize/sitecustomize.py").write_text(REFUSED_SOCKETS)
    return [], {"PYTHONPATH": f"{folder / 'sitecustomize'}{os.pathsep}{ROOT}"}


def kill_family(process: subprocess.Popen) -> None:
    """Kill the process and all that it has started, at once, as a failing machine would."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [psutil.Process(process.pid)]
        family += family[0].children(recursive=True)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=60)
