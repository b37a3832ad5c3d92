"""How many threads compute."""

import os
from numbers import Integral

from modiste._modiste import available_threads


def thread_count(n_jobs):
    """The number of threads that `n_jobs` asks for.

    None is as many as there are cores, or as ``$OMP_NUM_THREADS`` says: joblib sets that for its workers, so that all of them
    together have no more threads than there are cores.
    """
    cores = available_threads()
    if n_jobs is None:
        limit = os.environ.get("OMP_NUM_THREADS", "")
        return min(cores, int(limit)) if limit.isdigit() and int(limit) > 0 else cores
    if not isinstance(n_jobs, Integral) or n_jobs == 0:
        raise ValueError(f"n_jobs is {n_jobs!r}: give a number of threads, -1 for all cores, or None")
    return int(n_jobs) if n_jobs > 0 else max(1, cores + 1 + int(n_jobs))
