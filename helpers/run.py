"""The whole series, headless: every notebook in its own process, one table at the end.

    python -m helpers.run --edition sample --only 03

Executed copies and their HTML go to `generated/notebooks/<edition>/`.
"""

import argparse
import ast
import multiprocessing
import os
import re
import signal
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from helpers import (
    GENERATED,
    ROOT,
    CookbookError,
    display_path,
    end_with_parent,
    replacing,
    unknown,
)
from helpers.widgets import HEADLESS
from helpers.zoo import load_metrics

import nbformat
import papermill
import psutil
import zmq
from filelock import AcquireReturnProxy, FileLock, Timeout
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from papermill.exceptions import PapermillExecutionError
from traitlets import default

try:
    import resource
except ImportError:  # Windows has no such module, and the table then shows no memory
    resource = None

NOTEBOOKS = ROOT / "notebooks"
METRICS_SHOWN = 3
KILLED = "The kernel died. Most often, memory ran out: try --jobs 1."
INJECTED = "injected-parameters"  # papermill's tag for the cell that it adds


@dataclass(frozen=True)
class Result:
    """How one notebook went.

    `seconds` is wall time with the start of the kernel, `peak_mb` the largest resident memory of
    the kernel in MB (None where the platform can't tell), `error` None when the notebook passed.
    """

    name: str
    seconds: float
    peak_mb: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    error: str | None = None

    @property
    def outcome(self) -> str:
        return "failed" if self.error else "passed"


class OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of this very interpreter, whatever kernels the user has installed."""

    @default("kernel_spec_manager")
    def _look_in_no_folder(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    @default("transport_encryption")
    def _encrypt_where_possible(self) -> str:
        return "auto" if zmq.has("curve") else "disabled"


# Choosing what to run


def select(folder: Path, only: list[str]) -> list[Path]:
    """The notebooks of `folder` in order; with `only`, those of these numbers or names.

    Raises CookbookError when the folder holds no notebook or an item of `only` names none.
    """
    # A name with a dot in front is of a file in the making, which another run may just write.
    notebooks = sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))
    if not notebooks:
        raise CookbookError(f"There is no notebook in {display_path(folder)}.")
    if not only:
        return notebooks
    chosen = {_find(item, notebooks) for item in only}
    return [notebook for notebook in notebooks if notebook in chosen]


def _find(item: str, notebooks: list[Path]) -> Path:
    for notebook in notebooks:
        if Path(item).stem == notebook.stem or item.zfill(2) == notebook.stem.split("_")[0]:
            return notebook
    raise unknown("notebook", item, [notebook.stem for notebook in notebooks])


def check_parameters(notebook: Path, parameters: dict[str, Any]) -> None:
    """Raises CookbookError for a parameter that the notebook's parameters cell doesn't assign."""
    try:
        known = list(papermill.inspect_notebook(notebook))
    except ValueError as error:
        raise CookbookError(f"{notebook.name} can't be read as a notebook: {error}") from error
    for name in parameters:
        if name not in known:
            raise unknown(f"parameter of {notebook.stem}", name, known)


# One notebook


def execute(
    notebook: Path,
    edition: str = "sample",
    parameters: dict[str, Any] | None = None,
    *,
    timeout: float | None = None,
    threads: int | None = None,
    in_place: bool = False,
) -> Result:
    """Executes `notebook` in a process of its own; a notebook that fails gives a failed Result.

    `timeout` limits the whole notebook, in seconds; `threads`, those of NumPy. With `in_place`,
    the outputs of a clean run are written back into the notebook itself.
    Raises CookbookError for an unknown parameter.
    """
    parameters = {"EDITION": edition, **(parameters or {})}
    check_parameters(notebook, parameters)
    start = time.perf_counter()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        1, mp_context=spawn, initializer=_prepare_worker, initargs=(threads,)
    ) as worker:
        try:
            return worker.submit(_work, notebook.resolve(), parameters, timeout, in_place).result()
        except BrokenProcessPool:
            error = KILLED
        except Exception as problem:  # such as a full disk: it mustn't stop the other notebooks
            error = f"{type(problem).__name__}: {problem}"
    return Result(notebook.stem, time.perf_counter() - start, error=error)


def _prepare_worker(threads: int | None) -> None:
    if threads:
        os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    # Ctrl-C reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Figures belong in the notebook, whatever backend the user has set for scripts.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    os.environ[HEADLESS] = "1"
    end_with_parent()


def _work(
    notebook: Path, parameters: dict[str, Any], timeout: float | None, in_place: bool
) -> Result:
    edition = parameters["EDITION"]
    copy = GENERATED / "notebooks" / edition / notebook.name
    old_metrics = GENERATED / "metrics" / edition / f"{notebook.stem}.json"
    with _turn(notebook.stem):
        old_metrics.unlink(missing_ok=True)
        with replacing(copy) as part, replacing(copy.with_suffix(".html")) as page:
            start = time.perf_counter()
            error = _attempt(notebook, part, parameters, timeout)
            seconds = time.perf_counter() - start
            resources = {"metadata": {"name": notebook.stem}}
            html, _ = HTMLExporter().from_filename(str(part), resources)
            page.write_text(html, encoding="utf-8")
        metrics = _metrics(notebook.stem, edition)
        if in_place and not error:
            write_back(copy, notebook)
    return Result(notebook.stem, seconds, _peak_mb(), metrics, error)


def _turn(name: str) -> AcquireReturnProxy:
    """A lock, held: two runs of a notebook write files of the same names, so they take turns.

    The system frees it when this process ends, even killed.
    """
    lock = FileLock(GENERATED / ".locks" / f"run-{name}.lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        _say(f"waiting {name}: another run executes it")
        return lock.acquire()


def _attempt(
    notebook: Path, copy: Path, parameters: dict[str, Any], timeout: float | None
) -> str | None:
    """Runs the notebook, returns what went wrong in it, or None."""
    deadline = time.monotonic() + timeout if timeout else None
    try:
        papermill.execute_notebook(
            notebook,
            copy,
            parameters,
            kernel_name="python3",
            kernel_manager_class=OwnKernelManager,
            cwd=notebook.parent,
            progress_bar=False,
            coalesce_streams=True,  # a progress bar leaves its last state only
            # nbclient asks before each cell: it gets what is left of the notebook's time.
            timeout_func=lambda cell: deadline and max(1, round(deadline - time.monotonic())),
        )
    except PapermillExecutionError as error:
        return str(error).strip()
    except DeadKernelError:
        return KILLED
    except CellTimeoutError as error:
        return f"The notebook took longer than {timeout:g} seconds.\n{error}"
    return None


def _peak_mb() -> float | None:
    """The peak memory of this process's largest finished child, its kernel."""
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, else KB


def _metrics(name: str, edition: str) -> dict[str, float]:
    with suppress(CookbookError):  # the notebook ended before its last cell recorded any
        return load_metrics(name, edition)
    return {}


# Outputs back into the notebook


def write_back(executed: Path, notebook: Path) -> None:
    """Replaces `notebook` by its `executed` copy, cleaned as committed notebooks are.

    Without papermill's cell and metadata, cells counted 1..n, progress bars at their last state.
    Raises CookbookError when the notebook was edited while it ran.
    """
    result = clean(nbformat.read(executed, as_version=4))
    sources = [cell.source for cell in nbformat.read(notebook, as_version=4).cells]
    if sources != [cell.source for cell in result.cells]:
        raise CookbookError(f"{notebook.name} was edited while it ran. Nothing was written to it.")
    with replacing(notebook) as part:
        nbformat.write(result, part)


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """`notebook`, just executed by papermill, as if a person had run it once from the top.

    Its metadata say under `cookbook` with which parameters, and how many seconds it took.
    """
    run = notebook.metadata.pop("papermill")
    notebook.metadata["cookbook"] = {
        "parameters": run["parameters"],
        "seconds": round(run["duration"]),
    }
    notebook.cells = [
        cell for cell in notebook.cells if INJECTED not in cell.metadata.get("tags", [])
    ]
    notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})
    counts = count(1)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
        if cell.get("execution_count"):
            _drop_removed_bars(cell)
            _number(cell, next(counts))
    return notebook


def _drop_removed_bars(cell: nbformat.NotebookNode) -> None:
    """A progress bar that removes itself leaves blanks and a carriage return: drop them too."""
    for output in cell.outputs:
        if output.output_type == "stream":
            output.text = re.sub(r" *\r$", "", output.text)
    cell.outputs = [output for output in cell.outputs if output.get("text") != ""]


def _number(cell: nbformat.NotebookNode, number: int) -> None:
    cell.execution_count = number
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = number


# The series


def run_series(notebooks: list[Path], jobs: int = 2, **options: Any) -> list[Result]:
    """Executes the notebooks, `jobs` at a time, with a line for each that starts or ends.

    `options` are those of `execute`. On Ctrl-C no process or kernel stays behind.
    """

    def start(notebook: Path) -> Result:
        _say(f"started {notebook.stem}")
        return execute(notebook, **options)

    if min(jobs, len(notebooks)) > 1:
        # NumPy's threads wait for one another busily: several kernels on all cores would stall.
        options["threads"] = max(1, (os.cpu_count() or 1) // jobs)
    with ThreadPoolExecutor(jobs) as threads:
        runs = [threads.submit(start, notebook) for notebook in notebooks]
        try:
            for run in as_completed(runs):
                result = run.result()
                _say(f"{result.outcome}  {result.name}  {result.seconds:.1f} s")
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            _kill_workers(runs)
            raise
    return [run.result() for run in runs]


def _say(line: str) -> None:
    print(f"{line}\n", end="", flush=True)  # one write, so that threads don't mix their lines


def _kill_workers(runs: list[Future]) -> None:
    while not all(run.done() for run in runs):
        for worker in multiprocessing.active_children():
            with suppress(psutil.NoSuchProcess):
                kernels = psutil.Process(worker.pid).children(recursive=True)
                worker.kill()
                for kernel in kernels:
                    kernel.kill()
        wait(runs, timeout=0.1)


def table(results: list[Result]) -> str:
    """One line a notebook: seconds, peak memory, outcome and its first metrics."""
    width = max(len(result.name) for result in results)
    lines = [f"{'notebook':<{width}}  seconds  peak MB  result  metrics"]
    for result in results:
        memory = "-" if result.peak_mb is None else f"{result.peak_mb:.0f}"
        metrics = list(result.metrics.items())[:METRICS_SHOWN]
        lines.append(
            f"{result.name:<{width}}  {result.seconds:7.1f}  {memory:>7}  {result.outcome}  "
            + ", ".join(f"{name} {value:.3g}" for name, value in metrics)
        )
    return "\n".join(line.rstrip() for line in lines)


# The command line


def parse_setting(setting: str) -> tuple[str, Any]:
    """`"NAME=VALUE"` as a name and a Python value; what is no literal is taken as a string."""
    name, equals, value = setting.partition("=")
    if not (equals and name.isidentifier()):
        raise CookbookError(f"--set needs NAME=VALUE, for example --set SEED=3, not {setting!r}.")
    if name == "EDITION":
        raise CookbookError("The edition is chosen by --edition, not by --set.")
    try:
        literal = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
    # papermill would hand over a tuple as a string.
    return name, list(literal) if isinstance(literal, tuple) else literal


def _positive(text: str) -> int:
    if not (text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m helpers.run", description="Run the notebooks.")
    add = parser.add_argument
    add("--edition", choices=["sample", "full"], default="sample", help="the data (%(default)s)")
    add("--only", action="append", default=[], metavar="03", help="numbers or names, with commas")
    add("--jobs", type=_positive, default=2, help="notebooks at a time (%(default)s)")
    add("--no-train", action="store_true", help="use the models of zoo/: TRAIN = False")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a notebook's parameter")
    add("--timeout", type=_positive, metavar="SECONDS", help="limit for each whole notebook")
    add("--in-place", action="store_true", help="write outputs of clean runs into the notebooks")
    add("--notebooks", type=Path, default=NOTEBOOKS, metavar="DIR", help="another folder of them")
    return parser


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 when all passed, 1 when one failed, 2 for bad options, 130 on Ctrl-C."""
    arguments = _parser().parse_args(argv)
    try:
        only = [item.strip() for items in arguments.only for item in items.split(",")]
        notebooks = select(arguments.notebooks, only)
        parameters = {"TRAIN": False} if arguments.no_train else {}
        parameters |= dict(parse_setting(setting) for setting in arguments.set)
        for notebook in notebooks:
            check_parameters(notebook, {"EDITION": arguments.edition, **parameters})
    except CookbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        results = run_series(
            notebooks,
            arguments.jobs,
            edition=arguments.edition,
            parameters=parameters,
            timeout=arguments.timeout,
            in_place=arguments.in_place,
        )
    except KeyboardInterrupt:
        print("interrupted: no kernel is left running", file=sys.stderr)
        return 130
    return report(results, display_path(GENERATED / "notebooks" / arguments.edition))


def report(results: list[Result], folder: str) -> int:
    """Prints the table and the errors; 1 if a notebook failed, else 0."""
    print(f"\n{table(results)}\n\nExecuted copies and HTML are in {folder}.")
    failed = [result for result in results if result.error]
    for result in failed:
        print(f"\n{result.name} failed\n{result.error}")
    return int(bool(failed))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C
    sys.exit(main())
