"""Measures whole trainings on both sides: the MNIST example by phase, and long trainings of one network.

A training slows down if numbers of its state become denormal. PyTorch runs at its best: it flushes denormals to zero,
and uses its fused Adam and the best thread setting.
"""

import json
import shutil

from comparison import measure, processes
from comparison.cases import Work
from comparison.processes import OUT, ROOT

JAR = ROOT / "lora-mnist-example/target/lora-mnist-example.jar"
# Either PyTorch's loops or OpenBLAS has two threads: if both have, PyTorch takes several times as long.
THREADS = ("1+2", "2+1")
STEPS = 5000
ENDS = 500
PHASES = {"MNIST story, whole": 1.0, "MNIST story, base training": 1.0, "MNIST story, LoRA training": 0.8}
# case: our variant, the threads of BLAS that are best for it without an engine, the other side's variant, bar
LONG = {
    "LoRA r=1 batch 10, 5,000 steps": ("lora", 2, "factored", 0.8),
    "base batch 10, 5,000 steps": ("base", 1, "base", 1.0),
}


def compare(options):
    """Returns the rows of the table, how much our trainings slow down, and the files of the story."""
    # The sum of thousands of steps varies little.
    runs = 1 if options.runs <= 2 else 3
    threads_of_stories = THREADS[:1] if options.quick else THREADS
    long = dict(list(LONG.items())[:1]) if options.quick else LONG
    stories, files = _stories(runs, threads_of_stories)
    rows, slowing = [], {}
    for case, bar in PHASES.items():
        rows.append(_row(case, [story[case] for story in stories["ours"]], bar,
                         {threads: [story[case] for story in stories[threads]] for threads in threads_of_stories}))  # fmt: skip
    for case, (ours, blas, theirs, bar) in long.items():
        work = Work("lora4j", "step", ours, rank=1)
        peer = Work("PyTorch", "step", theirs, rank=1, optimizer="fused")
        measure.write_starts([work])
        found, peers = {blas: [], measure.ENGINE: []}, {threads: [] for threads in THREADS}
        for _ in range(runs):
            for side, one in ((found, work), (peers, peer)):
                for threads in side:
                    side[threads].append(measure.do(one, steps=STEPS, rate=measure.CHECK_RATE, threads=threads))
                    print(f"  {case}: {one.side}, {threads} threads: {_seconds(side[threads][-1]):.1f} s", flush=True)
        seconds = {threads: list(map(_seconds, peers[threads])) for threads in THREADS}
        for threads, of in found.items():
            name = f"{case}, oneDNN" if threads == measure.ENGINE else f"{case}, {threads} BLAS"
            rows.append(_row(name, list(map(_seconds, of)), bar, seconds))
            slowing[name] = measure.median(sum(run["steps"][-ENDS:]) / sum(run["steps"][:ENDS]) for run in of)
    return {"rows": rows, "slowing": slowing, "files": files}


def _seconds(run):
    return sum(run["steps"]) / 1e9


def _row(case, ours, bar, peers):
    """Compares with the best thread setting of the peer."""
    threads = min(peers, key=lambda each: measure.median(peers[each]))
    return {"case": case, "ours": ours, "theirs": peers[threads], "threads": threads, "bar": bar}


def _stories(runs, thread_settings):
    """Runs the MNIST example on both sides in turn. Returns the seconds of each phase, and the last files."""
    found = {"ours": []} | {threads: [] for threads in thread_settings}
    files = {}
    for _ in range(runs):
        process, folder = _run(["java", "-jar", str(JAR), "run", "--no-progress", "--output"], "ours")
        training = json.loads((folder / "report.json").read_text())["training"]
        found["ours"].append(_phases(process, training["base"]["seconds"], training["fineTune"]["seconds"]))
        files["ours"] = _files(process, folder)
        print(f"  MNIST story: lora4j {process.seconds:.1f} s", flush=True)
        for threads in thread_settings:
            script = str(ROOT / "src/bench/peers/mnist.py")
            process, folder = _run([processes.python(), "-B", script], "theirs", threads)
            seconds = json.loads(next(line for line in process.output.splitlines() if line.startswith("{")))
            found[threads].append(_phases(process, seconds["base"], seconds["lora"]))
            files["PyTorch"] = _files(process, folder)
            print(f"  MNIST story: PyTorch, {threads} threads: {process.seconds:.1f} s", flush=True)
    return found, files


def _phases(process, base, lora):
    return dict(zip(PHASES, (process.seconds, base, lora)))


def _run(command, name, *arguments):
    folder = OUT / f"story-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    return processes.run([*command, str(folder), *arguments], processes.environment()), folder


def _files(process, folder):
    sizes = {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*.safetensors")}
    return {"peak": process.peak, "files": sizes}
