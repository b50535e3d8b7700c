"""The whole series, headless: every notebook in a kernel of its own, one table at the end.

    python -m helpers.run --edition sample --only 03

Executed copies and their HTML go to `generated/notebooks/<edition>/`.
"""

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers import (
    GENERATED,
    REPLACE,
    ROOT,
    CookbookError,
    display_path,
    replacing,
    unknown,
    writing,
)
from helpers.parameters import literal, typed
from helpers.widgets import HEADLESS

import nbformat
import papermill
import psutil
from filelock import AcquireReturnProxy, FileLock, Timeout
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from traitlets import Instance

NOTEBOOKS = ROOT / "notebooks"
# Figures belong in the notebook, whatever backend the user has set for scripts.
IN_A_KERNEL = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", HEADLESS: "1"}


def select(folder: Path, only: list[str]) -> list[Path]:
    """The notebooks of `folder` in order; with `only`, those of these numbers or names.

    Raises CookbookError when there is no notebook, or none of such a name.
    """
    # A name with a dot in front is of a file in the making, which another run may just write.
    notebooks = {path.stem: path for path in sorted(folder.glob("[!.]*.ipynb"))}
    if not notebooks:
        raise CookbookError(f"There is no notebook in {display_path(folder)}.")
    chosen = set()
    for item in only:
        number = f"{item.zfill(2)}_"
        found = [name for name in notebooks if name == Path(item).stem or name.startswith(number)]
        if not found:
            raise unknown("notebook", item, notebooks)
        chosen.update(found)
    return [path for name, path in notebooks.items() if name in chosen or not only]


def parameters_of(notebook: Path, settings: dict[str, str]) -> dict[str, Any]:
    """The `settings` that somebody typed, in the types of the notebook's defaults.

    Raises CookbookError for one that its parameters cell doesn't assign, or that can't be its type.
    """
    try:
        known = papermill.inspect_notebook(notebook)
    except ValueError as error:
        raise CookbookError(f"{notebook.name} can't be read as a notebook: {error}") from error
    parameters = {}
    for name, text in settings.items():
        if name not in known:
            raise unknown(f"parameter of {notebook.stem}", name, known)
        parameters[name] = typed(name, text, literal(known[name]["default"], None))
    return parameters


# One notebook


@dataclass
class Run:
    """One notebook, executed in a kernel of its own, and how that went."""

    notebook: Path
    parameters: dict[str, Any]  # with the EDITION
    timeout: float | None = None  # seconds for the whole notebook
    in_place: bool = False  # write the outputs of a clean run back into the notebook
    threads: int | None = None  # NumPy's

    kernel: psutil.Process | None = None
    seconds: float = 0.0  # wall time
    peak_mb: float = 0.0  # the most resident memory that the kernel was seen to have
    metrics: dict[str, float] = field(default_factory=dict)
    copied: bool = False  # its executed copy is there
    error: str | None = None  # None when the notebook passed

    @property
    def name(self) -> str:
        return self.notebook.stem

    @property
    def outcome(self) -> str:
        return "failed" if self.error else "passed"

    def execute(self) -> None:
        """Execute the notebook. Whatever goes wrong is its `error`, and stops no other one."""
        start = time.perf_counter()
        try:
            with self._turn():
                say(f"started {self.name}")
                self._execute()
        except Exception as problem:  # such as a full disk
            self.error = f"{type(problem).__name__}: {problem}"
        self.seconds = time.perf_counter() - start
        say(f"{self.outcome}  {self.name}  {self.seconds:.1f} s")

    def _turn(self) -> AcquireReturnProxy:
        """A lock, held: two runs of a notebook write files of the same names, so they take turns.

        The system frees it when this process ends, even killed.
        """
        lock = FileLock(GENERATED / ".locks" / f"run-{self.name}.lock")
        try:
            return lock.acquire(timeout=0)
        except Timeout:
            say(f"waiting {self.name}: another run executes it")
            return lock.acquire()

    def _execute(self) -> None:
        edition = self.parameters["EDITION"]
        copy = GENERATED / "notebooks" / edition / self.notebook.name
        recorded = GENERATED / "metrics" / edition / f"{self.name}.json"
        recorded.unlink(missing_ok=True)
        with replacing(copy) as part, replacing(copy.with_suffix(".html")) as page:
            self._run_cells(part)
            html, _ = HTMLExporter().from_filename(str(part), {"metadata": {"name": self.name}})
            page.write_text(html, encoding="utf-8")
        self.copied = True
        if recorded.exists():  # else the notebook ended before its last cell
            self.metrics = json.loads(recorded.read_text(encoding="utf-8"))["metrics"]
        if self.in_place and not self.error:
            write_back(copy, self.notebook)

    def _run_cells(self, copy: Path) -> None:
        start = time.monotonic()

        def seconds_left(cell: nbformat.NotebookNode) -> int:
            return max(1, round(start + self.timeout - time.monotonic()))

        try:
            papermill.execute_notebook(
                self.notebook,
                copy,
                self.parameters,
                kernel_name="python3",
                kernel_manager_class=self._kernel_manager(),
                # papermill's `cwd` would change the folder of this whole process.
                resources={"metadata": {"path": str(self.notebook.parent)}},
                timeout_func=seconds_left if self.timeout else None,  # asked before each cell
                coalesce_streams=True,  # a progress bar leaves its last state only
                start_timeout=300,  # seconds: a busy machine is no error
                iopub_timeout=300,
                progress_bar=False,
            )
        except PapermillExecutionError as error:
            self.error = str(error).strip()
        except CellTimeoutError as error:
            self.error = f"The notebook took longer than {self.timeout:g} seconds.\n{error}"
        except DeadKernelError:
            self.error = (
                "The kernel died. Most often, memory ran out: try --jobs 1. "
                f"{display_path(GENERATED / 'native.log')} may say more."
            )

    def _kernel_manager(self) -> type[AsyncKernelManager]:
        """What starts this very interpreter as the kernel, whatever kernels the user has installed.

        Ctrl-C doesn't reach the kernel, which has a session of its own. It ends within a second of
        this process, even if that is killed: ipykernel watches its parent. What it says besides
        its outputs goes to native.log, as what C++ code says.
        """
        run = self
        environment = os.environ | IN_A_KERNEL | {"COOKBOOK_GENERATED": str(GENERATED)}
        if self.in_place and self.parameters.keys() == {"EDITION"}:  # a clean run, to be committed
            environment[REPLACE] = "yes"
        if self.threads:
            environment["OMP_NUM_THREADS"] = str(self.threads)

        class OwnKernelManager(AsyncKernelManager):
            kernel_spec_manager = Instance(KernelSpecManager, kw={"kernel_dirs": []})

            async def start_kernel(self, **options: Any) -> None:
                with (GENERATED / "native.log").open("ab") as log:
                    await super().start_kernel(env=environment, stderr=log, **options)
                run.kernel = psutil.Process(self.provisioner.pid)

        return OwnKernelManager

    def look(self) -> None:
        """Note how much memory the kernel has now."""
        if self.kernel:
            with suppress(psutil.Error):  # it has ended
                self.peak_mb = max(self.peak_mb, self.kernel.memory_info().rss / 2**20)


def write_back(executed: Path, notebook: Path) -> None:
    """Puts the outputs of its `executed` copy into `notebook`, and nothing else of papermill's.

    Cells are counted 1..n, as if a person had run them once from the top. The metadata say under
    `cookbook` with which parameters they ran, and how many seconds that took.
    Raises CookbookError when the notebook was edited while it ran.
    """
    result = nbformat.read(executed, as_version=4)
    added = "injected-parameters"  # papermill's tag for a cell of its own
    ran = [cell for cell in result.cells if added not in cell.metadata.get("tags", [])]
    target = nbformat.read(notebook, as_version=4)
    if [cell.source for cell in target.cells] != [cell.source for cell in ran]:
        raise CookbookError(f"{notebook.name} was edited while it ran. Nothing was written to it.")
    number = 0
    for cell, ran_cell in zip(target.cells, ran, strict=True):
        if ran_cell.get("execution_count"):
            number += 1
            cell.execution_count = number
            cell.outputs = _clean(ran_cell.outputs, number)
    target.metadata["language_info"] = result.metadata["language_info"]
    target.metadata["cookbook"] = {
        "parameters": result.metadata.papermill.parameters,
        "seconds": round(result.metadata.papermill.duration),
    }
    with replacing(notebook) as part:
        nbformat.write(target, part)


def _clean(outputs: list[nbformat.NotebookNode], number: int) -> list[nbformat.NotebookNode]:
    """`outputs` of the cell with this number; a progress bar that removed itself leaves nothing."""
    for output in outputs:
        if output.output_type == "execute_result":
            output.execution_count = number
        if output.output_type == "stream":
            output.text = re.sub(r" *\r$", "", output.text)
    return [output for output in outputs if output.get("text") != ""]


# The series


def run_series(
    notebooks: list[Path], parameters: dict[str, Any], jobs: int = 2, **options: Any
) -> list[Run]:
    """Executes the notebooks, `jobs` at a time, with a line for each that starts or ends.

    `parameters` and `options` are those of `Run`. On Ctrl-C no kernel stays behind.
    """
    # NumPy's threads wait for one another busily: several kernels on all cores would stall.
    together = min(jobs, len(notebooks))
    if together > 1:
        options["threads"] = max(1, (os.cpu_count() or 1) // together)
    runs = [Run(notebook.resolve(), parameters, **options) for notebook in notebooks]
    pool = ThreadPoolExecutor(jobs)
    running = {pool.submit(run.execute) for run in runs}
    try:
        while running:
            _, running = wait(running, timeout=0.2)
            for run in runs:
                run.look()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it has ended
                process.kill()
        raise
    return runs


def say(line: str) -> None:
    print(f"{line}\n", end="", flush=True)  # one write, so that threads don't mix their lines


def table(runs: list[Run]) -> str:
    """One line a notebook: seconds, peak memory, outcome and its first three metrics."""
    width = max(len(run.name) for run in runs)
    lines = [f"{'notebook':<{width}}  seconds  peak MB  result  metrics"]
    for run in runs:
        metrics = [f"{name} {value:.3g}" for name, value in run.metrics.items()]
        shown = ", ".join(metrics[:3])
        numbers = f"{run.seconds:7.1f}  {run.peak_mb:7.0f}"
        lines.append(f"{run.name:<{width}}  {numbers}  {run.outcome}  {shown}".rstrip())
    return "\n".join(lines)


# The command line


def parse_setting(setting: str) -> tuple[str, str]:
    """`"NAME=VALUE"` as a name and what was typed as its value."""
    name, equals, value = setting.partition("=")
    if not (equals and name.isidentifier()):
        raise CookbookError(f"--set needs NAME=VALUE, for example --set SEED=3, not {setting!r}.")
    if name == "EDITION":
        raise CookbookError("The edition is chosen by --edition, not by --set.")
    return name, value


def positive(text: str) -> int:
    """A number of the command line that is at least 1."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return int(text)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m helpers.run", description="Run the notebooks.")
    add = parser.add_argument
    add("--edition", choices=["sample", "full"], default="sample", help="the data (%(default)s)")
    add("--only", default="", metavar="03,05", help="numbers or names, with commas")
    add("--jobs", type=positive, default=2, help="notebooks at a time (%(default)s)")
    add("--no-train", action="store_true", help="use the models of zoo/: TRAIN = False")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a notebook's parameter")
    add("--timeout", type=positive, metavar="SECONDS", help="limit for each whole notebook")
    add("--in-place", action="store_true", help="write outputs of clean runs into the notebooks")
    add("--notebooks", type=Path, default=NOTEBOOKS, metavar="DIR", help="another folder of them")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 when all passed, 1 when one failed, 2 for bad options."""
    chosen = _arguments(argv)
    settings = {"EDITION": chosen.edition}
    if chosen.no_train:
        settings["TRAIN"] = "no"
    try:
        only = chosen.only.split(",") if chosen.only else []
        notebooks = select(chosen.notebooks, only)
        settings |= dict(parse_setting(setting) for setting in chosen.set)
        for notebook in notebooks:  # a name stands for the same kind of value in all of them
            parameters = parameters_of(notebook, settings)
        with writing(GENERATED), tempfile.TemporaryFile(dir=GENERATED):
            pass  # else each notebook would fail by itself
    except CookbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    options = {"timeout": chosen.timeout, "in_place": chosen.in_place}
    runs = run_series(notebooks, parameters, chosen.jobs, **options)
    print(f"\n{table(runs)}")
    copied = [run.name for run in runs if run.copied]
    if copied:
        whose = "" if len(copied) == len(runs) else f" of {', '.join(copied)}"
        folder = f"{display_path(GENERATED)}/notebooks/{chosen.edition}"
        print(f"\nExecuted copies and HTML{whose} are in {folder}.")
    failed = [run for run in runs if run.error]
    for run in failed:
        print(f"\n{run.name} failed\n{run.error}")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted: no kernel is left running", file=sys.stderr, flush=True)
        os._exit(130)  # without waiting for threads, which may wait for another run
