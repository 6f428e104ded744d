"""Checks that works compute the same numbers, then measures them alternately."""

import os
import statistics

from comparison import processes
from comparison.processes import OUT

TOLERANCE = 1e-4
CHECK_STEPS = 20
CHECK_RATE = 1e-3
# So small that the gradients of repeated batches stay large, so that each step of a measurement has the same work.
TIMED_RATE = 1e-6
# The thread setting of this library in which a product engine multiplies.
ENGINE = "engine"
# A thread setting whose time is more than this factor above the best is not measured again.
PROMISING = 1.3


def settings_of(work, **more):
    """Returns the arguments of the process that runs a work."""
    settings = {"work": work.work, "variant": work.variant, "adapters": work.adapters} | more
    if work.storage:
        settings["storage"] = work.storage
    if work.side == "PyTorch":
        return settings | {"start": OUT / "start" / work.start, "optimizer": work.optimizer or "adam"}
    return settings | {"net": work.net, "rank": work.rank, "batch": work.batch}


def do(work, **more):
    """Runs a work."""
    side = processes.theirs if work.side == "PyTorch" else processes.ours
    return side(settings_of(work, **more))


def write_starts(works):
    """Writes the files with the data that both sides start with."""
    (OUT / "start").mkdir(parents=True, exist_ok=True)
    for work in {work.start: work for work in works}.values():
        settings = {"net": work.net, "rank": work.rank, "batch": work.batch, "adapters": work.adapters}
        processes.ours({"work": "export", "file": OUT / "start" / work.start} | settings)


def median(values):
    """Returns the median."""
    return statistics.median(values)


def difference(one, other):
    """Returns the greatest difference of two lists of numbers, relative for numbers above 1."""
    if not one or len(one) != len(other):
        return float("inf")
    return max(abs(a - b) / max(1.0, abs(a), abs(b)) for a, b in zip(one, other))


def disagreements(comparisons):
    """Runs the works and compares their numbers. Returns all differences, and the works that differ too much."""
    numbers, differences, refused = {}, {}, set()
    for comparison in comparisons:
        if not comparison.same:
            continue
        for work in (comparison.work, comparison.other):
            if work not in numbers:
                numbers[work] = do(work, steps=CHECK_STEPS, rate=CHECK_RATE)["numbers"]
        found = difference(numbers[comparison.work], numbers[comparison.other])
        differences[f"{comparison.work} | {comparison.other}"] = found
        if not found <= TOLERANCE:
            refused.add(comparison.work)
        print(f"  {'same numbers' if found <= TOLERANCE else 'DIFFERENT'} ({found:.1e}): "
              f"{comparison.work} | {comparison.other}", flush=True)  # fmt: skip
    return differences, refused


def times(works, options, wanted=()):
    """Measures all works once in each run. Returns the nanoseconds of each run by work and thread setting.

    The first run measures the usual thread settings, or all. The other runs measure those that may be the best, and the wanted ones.
    """
    found = {work: {} for work in works}
    for run in range(options.runs):
        for work in works:
            again = [each for each in found[work] if each in promising(found[work]) or (work, each) in wanted]
            for threads in again or settings_of_threads(work, options.all_threads, wanted):
                nanos = do(work, warm=options.warm, seconds=options.seconds, rate=TIMED_RATE, threads=threads)["nanos"]
                found[work].setdefault(threads, []).append(nanos)
                print(f"  run {run + 1}: {work} threads {threads}: {nanos / 1000:.0f} µs", flush=True)
    return found


def settings_of_threads(work, all_of_them=False, wanted=()):
    """Returns the numbers of BLAS threads; for PyTorch, the number of threads of its own loops comes first.

    These are the settings that are usually best, or all of them, and the wanted ones.
    """
    cores = os.cpu_count()
    counts = range(1, cores + 1)
    if work.side == "PyTorch":
        everything = [f"{own}+{blas}" for own in counts for blas in counts]
        usual = ["1+1"] if work.net == "small" else [f"1+{cores}", f"{cores}+1"]
        # Its products in bfloat16 use the threads of its loops too.
        usual += [f"{cores}+{cores}"] if work.storage else []
    else:
        everything = [str(count) for count in counts]
        usual = everything if work.net == "small" else [str(cores)]
    taken = everything if all_of_them else usual
    engine = [] if work.side == "PyTorch" else [ENGINE]
    return taken + [threads for each, threads in wanted if each == work and threads not in taken] + engine


def promising(settings):
    """Returns the thread settings whose median is near the best, and that of the engine, which has its own column."""
    medians = {threads: statistics.median(runs) for threads, runs in settings.items() if threads != ENGINE}
    best = [threads for threads, median in medians.items() if median <= PROMISING * min(medians.values())]
    return best + [threads for threads in settings if threads == ENGINE]


def chosen(settings, threads=None):
    """Returns the times of the thread setting with the best median without an engine, or of a given one."""
    if threads is None:
        without = [each for each in promising(settings) if each != ENGINE]
        threads = min(without, key=lambda each: statistics.median(settings[each]))
    return {"runs": settings[threads], "median": statistics.median(settings[threads]), "threads": threads}
