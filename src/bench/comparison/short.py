"""The shortest form of the suite: each work of this library runs once, and no time is checked."""

from comparison import cases, measure, processes

JMH = [
    "-f", "0", "-wi", "0", "-i", "1", "-r", "50ms", "-foe", "true",
    "-prof", "gc", "-prof", "org.lora4j.bench.NativeMemoryProfiler",
    "-p", "net=rich", "-p", "batch=10", "-p", "rank=8", "-p", "adapters=10",
    "-p", "variant=base,lora,merged,two,mixed-10", "-p", "trained=base,lora-8,dora-8",
]  # fmt: skip


def run():
    """Runs the JMH benchmarks in one process, and each work of this library."""
    output = processes.run(processes.java("org.openjdk.jmh.Main", *JMH)).output
    print(output[output.rindex("\nBenchmark") :])
    works = [work for c in cases.comparisons() for work in (c.work, c.other) if work.side != "PyTorch"]
    smallest = {(work.work, work.variant): work for work in reversed(works)}.values()
    measure.write_starts(list(smallest)[:1])
    for work in smallest:
        result = measure.do(work, warm=0, seconds=0)
        print(f"{work}: runs, {len(result['numbers'])} numbers", flush=True)
    switch = processes.ours({"work": "switch", "adapters": 10, "warm": 0, "seconds": 0})
    print(f"lora4j switch: runs, {switch['chosen']} times", flush=True)
    return 0
