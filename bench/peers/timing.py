"""How the peers time themselves, and the line of JSON in which each tells it."""

import json
import platform
import resource
import statistics
import sys
import time

# Untimed calls at first, as many as `modiste bench` makes: memory is touched, caches and clocks settle.
WARM_UP = 2


def timed(call, repeats, warm_up=WARM_UP):
    """Seconds of each of `repeats` calls after the warm-up. `call` is given its number, from 0."""
    seconds = []
    for number in range(warm_up + repeats):
        started = time.perf_counter()
        call(number)
        seconds.append(time.perf_counter() - started)
    return seconds[warm_up:]


def tell(peer, version, threads, seconds):
    """Prints what was measured. `threads` is None where the peer does not say."""
    print(
        json.dumps(
            {
                "peer": peer,
                "version": version,
                "python": platform.python_version(),
                "threads": threads,
                "repeats": len(seconds),
                "seconds_median": statistics.median(seconds),
                "seconds_min": min(seconds),
                "peak_memory_bytes": peak_memory_bytes(),
            }
        )
    )


def peak_memory_bytes():
    """Most memory this process has had resident."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
