"""Measures models of the shapes of families, with random weights, beside PyTorch: LoRA steps, forward passes, mixed batches."""

import json

from comparison import encoder, measure, processes
from comparison.processes import OUT, ROOT

SOURCE = ROOT / "src/bench/families/FamilyWork.java"
PEER = ROOT / "src/bench/peers/families.py"

# name: the configuration, the number of texts and their tokens. These are the sizes of the models that people use.
MODELS = {
    "DistilBERT": (
        {"model_type": "distilbert", "vocab_size": 30522, "dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3072},
        16, 128,
    ),
    "ModernBERT base": (
        {"model_type": "modernbert", "vocab_size": 50368, "hidden_size": 768, "num_hidden_layers": 22,
         "num_attention_heads": 12, "intermediate_size": 1152, "local_attention": 128, "global_attn_every_n_layers": 3,
         "pad_token_id": 0},
        4, 512,
    ),
    "Gemma 3 270M": (
        {"model_type": "gemma3_text", "vocab_size": 262144, "hidden_size": 640, "num_hidden_layers": 18,
         "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "intermediate_size": 2048,
         "query_pre_attn_scalar": 256, "sliding_window": 512, "sliding_window_pattern": 6,
         "max_position_embeddings": 32768},
        4, 128,
    ),
}  # fmt: skip
VOCABULARY = {"DistilBERT": 30522, "ModernBERT base": 50368, "Gemma 3 270M": 262144}
# work, storage, thread settings of this library, bar beside PyTorch in single precision
BOTH, ENGINE = ("", "engine"), ("engine",)
WORKS = (
    ("step", "FLOAT", BOTH, 0.9),
    ("forward", "FLOAT", BOTH, 0.9),
    ("step", "BFLOAT16", ENGINE, 0.6),
    ("forward", "BFLOAT16", ENGINE, 0.6),
)


def compare(options):
    """Returns the rows of the table, and the peaks of the resident memory."""
    rows, peaks, differences = [], {}, {}
    for name, (_, texts, length) in MODELS.items():
        if not any(text in name for text in options.only.split("|")):
            continue
        common = prepared(name, texts, length)
        for work in ("step", "forward"):
            once = common | {"work": work, "warm": 0, "seconds": 0}
            differences[f"{name} {work}"] = measure.difference(ours(once)["numbers"], _torch(once)["numbers"])
            if not differences[f"{name} {work}"] <= measure.TOLERANCE:
                raise processes.Failed(f"the two sides must compute the same numbers, found {differences}")
        others = {work: {} for work in ("step", "forward")}
        times = {}
        for _ in range(options.runs):
            for work, storage, engines, _ in WORKS:
                for engine in engines:
                    found = ours(common | {"work": work, "storage": storage}, options, engine)
                    times.setdefault((work, storage, engine), []).append(found["nanos"])
                    peaks.setdefault(f"{name} {work} {storage}", {})[f"lora4j {engine}".strip()] = found["peak"]
            for work, found in others.items():
                for threads in encoder.settings(found):
                    one = _torch(common | {"work": work, "threads": threads}, options)
                    found.setdefault(threads, []).append(one["nanos"])
                    peaks.setdefault(f"{name} {work} FLOAT", {})[f"PyTorch {threads}"] = one["peak"]
        for work, storage, engines, bar in WORKS:
            best = min(others[work], key=lambda each: measure.median(others[work][each]))
            for engine in engines:
                _add(rows, f"{name}: {'LoRA step' if work == 'step' else work}, {texts} x {length} tokens"
                     f"{', base in bfloat16' if storage == 'BFLOAT16' else ''}{', oneDNN' if engine else ''}",
                     times[work, storage, engine], "PyTorch", others[work][best], best, bar)  # fmt: skip
        if name != "Gemma 3 270M":
            _mixed(rows, name, common | {"length": 64}, options)
    return {"rows": rows, "peaks": peaks, "differences": differences}


def _mixed(rows, name, common, options):
    """32 texts with 32 adapters and heads beside the same texts with one."""
    times = {}
    for _ in range(options.runs):
        for engine in ("", "engine"):
            for work in ("one", "mixed"):
                times.setdefault((work, engine), []).append(ours(common | {"work": work}, options, engine)["nanos"])
    for engine in ("", "engine"):
        _add(rows, f"{name}: 32 x 64 tokens, 32 adapters and heads{', oneDNN' if engine else ''}",
             times["mixed", engine], "one adapter", times["one", engine], engine, 1.3)  # fmt: skip


def _add(rows, case, ours, other, theirs, threads, bar):
    rows.append({"case": case, "ours": ours, "other": other, "theirs": theirs, "threads": threads, "bar": bar})
    ratio = measure.median(ours) / measure.median(theirs)
    print(f"  {case}: {encoder.milliseconds(ours)} beside {encoder.milliseconds(theirs)}, {ratio:.2f}", flush=True)


def prepared(name, texts, length):
    """Writes the folder of a model if it is not there. Returns the settings of all works with it."""
    folder = OUT / name.lower().replace(" ", "-")
    common = {"folder": folder, "texts": texts, "length": length, "vocabulary": VOCABULARY[name]}
    if not (folder / "start").exists():
        ours({"work": "export", "config": json.dumps(MODELS[name][0])} | common)
    return common


def ours(settings, options=None, engine=""):
    if engine:
        settings = settings | {"threads": engine}
    arguments = [f"{key}={value}" for key, value in (encoder.times(options) | settings).items()]
    path = processes.class_path()
    if engine:
        path = processes.with_engine(path)
    command = ["java", *processes.JVM_OPTIONS, "-cp", path, str(SOURCE), *arguments]
    return _read(processes.run(command, processes.environment()))


def _torch(settings, options=None):
    arguments = [f"{key}={value}" for key, value in (encoder.times(options) | settings).items()]
    return _read(processes.run([processes.python(), "-B", str(PEER), *arguments], processes.environment()))


def _read(process):
    return json.loads(next(line for line in process.output.splitlines() if line.startswith("{")))
