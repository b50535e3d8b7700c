"""A Dask cluster for tests and benchmarks: a scheduler and workers that can be killed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from helpers import ROOT

from distributed import Client

UNFINISHED = {"waiting", "queued", "no-worker", "processing"}  # states of tasks
PATIENCE = 90  # seconds until a test gives up


class Cluster:
    """A scheduler and workers, each a process of its own on this machine. Nobody replaces them."""

    def __init__(self, folder: Path, stack: ExitStack):
        """Start a scheduler, which ends with `stack` as do its workers; logs go to `folder`."""
        self.folder, self.stack = folder, stack
        self.workers: dict[str, subprocess.Popen] = {}
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(file))
        while not file.exists() or not file.read_text().endswith("}"):
            assert self.scheduler.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        self.address = json.loads(file.read_text())["address"]

    def fill(self, n: int = 2) -> None:
        """Have `n` workers that live."""
        self.workers = {name: one for name, one in self.workers.items() if one.poll() is None}
        for _ in range(n - len(self.workers)):
            name = f"worker-{time.monotonic_ns()}"
            options = f"{self.address} --name {name} --nthreads 1 --no-nanny"
            self.workers[name] = self._start("worker", *options.split())
        with self._client() as client:
            while not {*self.workers} <= {*client.run_on_scheduler(names)}:
                assert not any(worker.poll() for worker in self.workers.values()), "a worker ended"
                time.sleep(0.02)

    def kill_worker_half_way(self, task: str) -> int:
        """Kill a worker at work on a `task` of which some are done; how many are left then."""
        name, worker = next(iter(self.workers.items()))
        with self._client() as client:
            look = self._half_way(client, task, name)
            worker.kill()
            worker.wait()
            return look()[0]

    def kill_scheduler_half_way(self, task: str) -> None:
        with self._client() as client:
            self._half_way(client, task, next(iter(self.workers)))
            self.scheduler.kill()
            self.scheduler.wait()

    def _half_way(self, client: Client, task: str, worker: str) -> Callable[[], tuple[int, bool]]:
        """Wait until a fifth of the tasks is done and this worker busy; a way to look again."""
        look = partial(client.run_on_scheduler, left_and_busy, task=task, worker=worker)
        most, give_up = 0, time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            left, busy = look()
            most = max(most, left)
            if busy and left < 0.8 * most:
                return look
            time.sleep(0.002)
        raise TimeoutError(f"No {task} was half-way.")

    def _client(self) -> Client:
        return Client(self.address, set_as_default=False, timeout=PATIENCE)

    def _start(self, *arguments: str) -> subprocess.Popen:
        paths = [ROOT, ROOT / "tests", os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "DASK_TEMPORARY_DIRECTORY": str(self.folder),
        }
        command = [
            sys.executable,
            "-m",
            "dask",
            *arguments,
            "--no-dashboard",
            "--host",
            "127.0.0.1",
        ]
        log = self.stack.enter_context((self.folder / "log").open("a"))
        options = {"env": environment, "cwd": self.folder, "stdout": log, "stderr": log}
        process = self.stack.enter_context(subprocess.Popen(command, **options))
        self.stack.callback(process.kill)
        return process


def names(dask_scheduler) -> list[str]:
    """Of the workers that the scheduler knows; it runs there, as does the next."""
    return [worker.name for worker in dask_scheduler.workers.values()]


def left_and_busy(dask_scheduler, task: str, worker: str) -> tuple[int, bool]:
    """How many tasks of this name aren't done, and whether this worker is at work on one."""
    tasks = (state for state in dask_scheduler.tasks.values() if state.prefix.name == task)
    left = [state for state in tasks if state.state in UNFINISHED]
    return len(left), worker in {state.processing_on.name for state in left if state.processing_on}
