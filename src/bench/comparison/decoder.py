"""Measures a decoder, a Llama of the shape of SmolLM2-135M with random weights, beside PyTorch: a LoRA step, generation, a long
prompt, and 16 texts with 16 adapters beside one text.
"""

import json

from comparison import encoder, measure, processes
from comparison.processes import OUT, ROOT

FOLDER = OUT / "decoder"
SOURCE = ROOT / "src/bench/decoder/DecoderWork.java"
PEER = ROOT / "src/bench/peers/decoder.py"


def _work(work, data="even", **more):
    return {"work": work, "data": data, **more}


# case: our work, the other side, its work, bar. Only PyTorch runs in another program.
CASES = {
    "LoRA step, 2 texts of 128 tokens": (_work("step"), "PyTorch", _work("step"), 0.9),
    "LoRA step, 4 texts of 16 to 128 tokens": (_work("step", "uneven"), "PyTorch", _work("step", "uneven"), 0.55),
    "one token of one text": (_work("generate"), "PyTorch", _work("generate"), 0.5),
    "one token of one of 16 texts with 16 adapters": (_work("batch"), "one text", _work("generate"), 1 / 6),
    "prompt of 512 tokens": (_work("prompt"), "PyTorch", _work("prompt"), 0.8),
}


def compare(options):
    """Returns the rows of the table, and the peaks of the resident memory."""
    processes.run(["mvn", "-B", "-ntp", "-q", "-pl", "lora-core,lora-native,lora-onednn", "test-compile",
                   "dependency:build-classpath", "-DincludeScope=test", "-Djacoco.skip",
                   "-Dmdep.outputFile=target/bench-classpath"])  # fmt: skip
    if not (FOLDER / "start").exists():
        _ours(_work("export"), "")
    _check()
    rows, peaks = [], {}
    for case, (ours, other, theirs, bar) in CASES.items():
        if not any(text in case for text in options.only.split("|")):
            continue
        times, others = {}, {}
        for _ in range(options.runs):
            for engine in ("", "engine"):
                found = _ours(ours, engine, options)
                times.setdefault(engine, []).append(found["nanos"])
                peaks.setdefault(case, {})[f"lora4j {engine}".strip()] = found["peak"]
                if other != "PyTorch":
                    others.setdefault(engine, []).append(_ours(theirs, engine, options)["nanos"])
            for threads in encoder.settings(others) if other == "PyTorch" else ():
                found = _torch(theirs | {"threads": threads}, options)
                others.setdefault(threads, []).append(found["nanos"])
                peaks[case][f"{other} {threads}"] = found["peak"]
        for engine, found in times.items():
            best = engine if other != "PyTorch" else min(others, key=lambda each: measure.median(others[each]))
            rows.append({"case": f"{case}{', oneDNN' if engine else ''}", "ours": found, "other": other,
                         "theirs": others[best], "threads": best, "bar": bar})  # fmt: skip
            print(f"  {rows[-1]['case']}: {encoder.milliseconds(found)} beside {encoder.milliseconds(others[best])}",
                  flush=True)  # fmt: skip
    return {"rows": rows, "peaks": peaks}


def _check():
    """Checks that both sides compute the same losses and choose the same tokens."""
    settings = {"warm": 0, "seconds": 0}
    for work in (_work("step"), _work("step", "uneven"), _work("generate"), _work("prompt")):
        found = measure.difference(_ours(work | settings, "")["numbers"], _torch(work | settings)["numbers"])
        if not found <= measure.TOLERANCE:
            raise processes.Failed(f"the two sides must compute the same numbers for {work}, found {found:.1e}")


def _ours(settings, engine, options=None):
    settings = encoder.times(options) | settings | {"folder": FOLDER, "threads": engine or "blas"}
    path = f"{processes.CORE}/target/classes:" + (processes.CORE / "target/bench-classpath").read_text().strip()
    if engine:
        path = processes.with_engine(path)
    command = ["java", *processes.JVM_OPTIONS, "-cp", path, str(SOURCE)]
    return _read(processes.run([*command, *(f"{k}={v}" for k, v in settings.items())], processes.environment()))


def _torch(settings, options=None):
    settings = encoder.times(options) | settings | {"folder": FOLDER}
    command = [processes.PYTHON, "-B", str(PEER), *(f"{key}={value}" for key, value in settings.items())]
    return _read(processes.run(command, processes.environment()))


def _read(process):
    return json.loads(next(line for line in process.output.splitlines() if line.startswith("{")))
