"""Measures operations in blocks of at least 20 ms, after a warm-up, as BlockClock does on the JVM."""

import math
import statistics
import time

BLOCK_SECONDS = 0.02


def measure(operation, warm, seconds):
    """Returns the nanoseconds of one call of an operation in the median block, and the mean processor time of all threads."""
    begin = time.perf_counter()
    calls = 0
    while calls == 0 or time.perf_counter() - begin < warm:
        operation()
        calls += 1
    per_block = max(1, math.ceil(BLOCK_SECONDS * calls / (time.perf_counter() - begin)))
    blocks = []
    cpu = time.process_time_ns()
    begin = block_begin = time.perf_counter()
    while not blocks or block_begin - begin < seconds:
        for _ in range(per_block):
            operation()
        now = time.perf_counter()
        blocks.append((now - block_begin) / per_block)
        block_begin = now
    cpu = time.process_time_ns() - cpu
    return {"nanos": statistics.median(blocks) * 1e9, "cpu": cpu / (len(blocks) * per_block)}


def nanos_of_each(operation, count):
    """Returns the nanoseconds of each of the calls of an operation."""
    times = []
    for _ in range(count):
        begin = time.perf_counter_ns()
        operation()
        times.append(time.perf_counter_ns() - begin)
    return times
