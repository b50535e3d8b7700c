"""Sums over partitions of data: in this process, on all cores, or on a cluster, with Dask.

    sum_over(partitions, function)                                         in this process
    sum_over(partitions, function, cluster="cores")                        on all cores
    sum_over(partitions, function, cluster="tcp://10.0.0.1:8786")          on a cluster

What outgrows a machine is written as a function of a partition, a small part of the data, whose
results add up. The same function runs everywhere, and the results are added in the same order, so
that the sums are the same to the last bit. Where no cluster is named, COOKBOOK_CLUSTER names it.

A cluster is a scheduler and its workers, which `dask scheduler` and `dask worker ADDRESS` start.
All need this package, and see the data under the same path. A worker that dies is made up for by
the others. Dask hands functions and results on as pickles, so use a cluster only if you trust it.
"""

import operator
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from helpers import CookbookError, display_path

import dask
from dask import delayed

if TYPE_CHECKING:  # slow to import, and needed only where there is more than this process
    from distributed import Client, Future

ONE, CORES = "one", "cores"
NO_SPILLING = {f"distributed.worker.memory.{name}": False for name in ("target", "spill")}
PATIENCE = 30.0  # seconds to wait for a scheduler to answer, and for a worker where there is none


def sum_over(
    partitions: Iterable[Any],
    function: Callable,
    *constants: Any,
    cluster: "str | Client | None" = None,
    add: Callable = operator.add,
) -> Any:
    """The sum of `function(partition, *constants)` over all `partitions`, in the order of a tree.

    `add` makes a new result of two: of numbers, sparse tables, counters, whatever adds up. A worker
    holds a few results at a time. `constants` reach each worker once. `cluster` is "one", "cores",
    the address of a scheduler, or what `opened` gives.

    Raises `CookbookError` if there are no partitions, if a file is missing where the work is done,
    and for a cluster that is unknown, has no workers or loses them all; and what `function` does.
    """
    shared = [delayed(constant, pure=False, traverse=False) for constant in constants]
    call, plus = delayed(function, pure=False), delayed(add, pure=False)
    parts = [call(partition, *shared) for partition in partitions]
    if not parts:
        raise CookbookError("Nothing to add up: there are no partitions.")
    while len(parts) > 1:
        odd = parts[len(parts) // 2 * 2 :]
        parts = [plus(*pair) for pair in zip(parts[::2], parts[1::2], strict=False)] + odd
    with opened(cluster) as workers:
        if workers == ONE:
            return parts[0].compute(scheduler="synchronous")
        return next(_done(workers, [workers.compute(parts[0])])).result()


def map_over(
    partitions: Iterable[Any], function: Callable, cluster: "str | Client | None" = None
) -> Iterator[Any]:
    """`function(partition)` of each of `partitions`, in the order in which they are ready.

    For results that have to be kept as they come. Otherwise as `sum_over`.
    """
    with opened(cluster) as workers:
        if workers == ONE:
            yield from map(function, partitions)
        else:
            futures = _done(workers, workers.map(function, list(partitions), pure=False))
            yield from (future.result() for future in futures)


def grouped(pieces: Iterable[Any], size: Callable[[Any], float], most: float) -> list[list[Any]]:
    """`pieces` in their order, in groups whose sizes add up to `most`, or of a single larger one.

    >>> grouped([3, 4, 5, 9, 1, 1], size=lambda piece: piece, most=8)
    [[3, 4], [5], [9], [1, 1]]
    """
    groups, room = [], 0.0
    for piece in pieces:
        if not groups or size(piece) > room:
            groups.append([])
            room = most
        groups[-1].append(piece)
        room -= size(piece)
    return groups


def place_of(cluster: str | None) -> str:
    """Where to work: `cluster`, or else COOKBOOK_CLUSTER, or else "one".

    Raises `CookbookError` if it is neither "one" nor "cores" nor an address.
    """
    place = cluster or os.environ.get("COOKBOOK_CLUSTER") or ONE
    if place in (ONE, CORES) or "://" in place:
        return place
    raise CookbookError(
        f"Unknown cluster {place!r}. Valid: {ONE!r} (this process), {CORES!r} (all cores of this "
        "machine), or the address of a Dask scheduler, such as tcp://10.0.0.1:8786."
    )


@contextmanager
def opened(cluster: "str | Client | None" = None) -> Iterator["str | Client"]:
    """Workers that several sums share: "one", or the client of a Dask cluster.

    What is open already stays open. Raises `CookbookError` as `sum_over` does.
    """
    place = cluster if not isinstance(cluster, str | None) else place_of(cluster)
    try:
        if place == ONE or not isinstance(place, str):
            yield place
        else:
            with _connected(place) as client:
                yield client
    except FileNotFoundError as error:
        missing = display_path(error.filename) if error.filename else error
        raise CookbookError(
            f"{missing}: no such file where the work is done. Every machine of a cluster needs "
            "the data under the same path."
        ) from error


@contextmanager
def _connected(place: str) -> Iterator["Client"]:
    """The client of the scheduler at `place`, or of one with a worker for each core."""
    from distributed import CancelledError, Client, KilledWorker, LocalCluster

    with ExitStack() as stack:
        try:
            address = place
            if place == CORES:
                stack.enter_context(dask.config.set(NO_SPILLING))
                local = LocalCluster(threads_per_worker=1, dashboard_address=None)
                address = stack.enter_context(local)
            client = stack.enter_context(Client(address, timeout=PATIENCE))
        except (OSError, ValueError) as error:
            raise CookbookError(f"Dask cluster {place}: no connection ({error}).") from error
        try:
            _wait_for_worker(client)
            yield client
        except CancelledError as error:
            raise CookbookError(f"Dask cluster {place}: its scheduler is gone.") from error
        except KilledWorker as error:
            raise CookbookError(
                f"Dask cluster {place}: {error.allowed_failures + 1} workers died one after the "
                f"other on the same partition, the last at {error.last_worker.address}. Its log "
                "may say why; most often the memory is too small."
            ) from error
        except (ModuleNotFoundError, RuntimeError) as error:
            reason = error.__cause__ or error
            if not isinstance(reason, ModuleNotFoundError):
                raise
            raise CookbookError(
                f"Dask cluster {place}: it can't load what it is given ({reason}). All its "
                "machines need this package, and what your functions import."
            ) from error


def _wait_for_worker(client: "Client") -> None:
    try:
        client.wait_for_workers(1, PATIENCE)
    except TimeoutError as error:
        address = client.scheduler.address
        raise CookbookError(
            f"Dask cluster {address}: no worker for {PATIENCE:.0f} seconds. Start one on each "
            f"machine: dask worker {address}"
        ) from error


def _done(client: "Client", futures: Iterable["Future"]) -> Iterator["Future"]:
    """Each of `futures` when it is done. A cluster keeps a result while its future is held."""
    from distributed import as_completed

    left = set(futures)
    del futures
    while left:
        try:
            for future in as_completed(left, timeout=PATIENCE):
                left.remove(future)
                yield future
        except TimeoutError:  # nothing has come for so long: are they at work, or gone?
            _wait_for_worker(client)
