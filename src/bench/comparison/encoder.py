"""Measures a transformer, all-MiniLM-L6-v2, beside PyTorch and ONNX Runtime: training, forward passes, memory.

The texts are passages of the text example, cut at 128 tokens, and their first sentences.
"""

import json

from comparison import measure, processes
from comparison.processes import OUT, ROOT

FOLDER = OUT / "minilm"
TEXT_EXAMPLE = ROOT / "lora-text-example/target"
EMBEDDINGS = ROOT / "lora-langchain4j/target"
SOURCE = ROOT / "src/bench/encoder/EncoderWork.java"
PEER = ROOT / "src/bench/peers/encoder.py"
PEER_THREADS = ("2+1", "1+2", "2+2")
# case: our work, our data, the other side and its work, bar
CASES = {
    "LoRA step, passages": ("step", "passages", "PyTorch", 1.0),
    "LoRA step, first sentences": ("step", "sentences", "PyTorch", 0.7),
    "LoRA step, exactly 128 tokens": ("step", "exact", "PyTorch", 1.15),
    "forward, 16 passages": ("forward", "passages", "PyTorch", 1.0),
    "forward, 16 of exactly 128 tokens": ("forward", "exact", "PyTorch", None),
    "forward, single passages": ("single", "passages", "PyTorch", 1.0),
    "forward, single first sentences": ("single", "sentences", "PyTorch", 1.0),
    "embedding of single passages": ("onnx", "passages", "ONNX Runtime", 1.3),
    "embedding of single first sentences": ("onnx", "sentences", "ONNX Runtime", 1.3),
    "mixed batch, 16 passages, 16 adapters": ("mixed", "passages", "one adapter", 1.3),
}


def compare(options):
    """Returns the rows of the table, and the peaks of the resident memory of the trainings."""
    processes.run(["mvn", "-B", "-ntp", "-q", "-pl", "lora-core,lora-langchain4j", "test-compile",
                   "dependency:build-classpath", "-DincludeScope=test", "-Djacoco.skip",
                   "-Dmdep.outputFile=target/bench-classpath"])  # fmt: skip
    _ours({"work": "export"})
    differences = {data: _difference("step", data) for data in ("passages", "sentences", "exact")}
    differences["forward"] = _difference("forward", "passages")
    for data, found in differences.items():
        if not found <= measure.TOLERANCE:
            raise processes.Failed(f"the two sides must compute the same numbers for {data}, found {found:.1e}")
    rows, peaks = [], {}
    for case, (work, data, other, bar) in CASES.items():
        ours = {"work": work, "data": data} | ({"side": "lora4j"} if work == "onnx" else {})
        times, others = [], {}
        for run in range(options.runs):
            found = _ours(ours, options)
            times.append(found["nanos"])
            peaks.setdefault(case, {})["lora4j"] = found["peak"]
            for threads in _settings(other, others):
                found = _theirs(other, work, data, threads, options)
                others.setdefault(threads, []).append(found["nanos"])
                peaks[case][f"{other} {threads}".strip()] = found["peak"]
        threads = min(others, key=lambda each: measure.median(others[each]))
        rows.append({"case": case, "ours": times, "other": other, "theirs": others[threads], "threads": threads,
                     "bar": bar})  # fmt: skip
        print(f"  {case}: {_milliseconds(times)} beside {_milliseconds(others[threads])}", flush=True)
    return {"rows": rows, "peaks": peaks, "differences": differences}


def _milliseconds(times):
    return f"{measure.median(times) / 1e6:.2f} ms"


def _settings(other, times):
    """Returns the thread settings to run: all of PyTorch at first, then those near the best one."""
    if other != "PyTorch":
        return ("",)
    if not times:
        return PEER_THREADS
    best = min(min(each) for each in times.values())
    return [threads for threads, each in times.items() if min(each) <= measure.PROMISING * best]


def _theirs(other, work, data, threads, options):
    if other == "PyTorch":
        return _torch({"work": work, "data": data, "threads": threads}, options)
    return _ours({"work": "embed" if work == "mixed" else work, "data": data}, options)


def _difference(work, data):
    settings = {"work": work, "data": data, "warm": 0, "seconds": 0}
    return measure.difference(_ours(settings)["numbers"], _torch(settings)["numbers"])


def _times(options):
    return {} if options is None else {"warm": 3 * options.warm, "seconds": 3 * options.seconds}


def _ours(settings, options=None):
    arguments = [f"{key}={value}" for key, value in (_times(options) | settings | {"folder": FOLDER}).items()]
    path = f"{TEXT_EXAMPLE}/classes:{TEXT_EXAMPLE}/lib/*:" + (EMBEDDINGS / "bench-classpath").read_text().strip()
    command = ["java", *processes.JVM_OPTIONS, "-cp", path, str(SOURCE), *arguments]
    return _read(processes.run(command, processes.environment()))


def _torch(settings, options=None):
    arguments = [f"{key}={value}" for key, value in (_times(options) | settings | {"folder": FOLDER}).items()]
    return _read(processes.run([processes.PYTHON, "-B", str(PEER), *arguments], processes.environment()))


def _read(process):
    return json.loads(next(line for line in process.output.splitlines() if line.startswith("{")))
