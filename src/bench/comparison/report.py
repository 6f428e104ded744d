"""Describes the machine, computes the table, and prints both, group by group."""

import functools
import os
import platform
import subprocess
from pathlib import Path

from comparison import measure, processes
from comparison import roofline as least


def machine():
    """Describes the machine and the versions. OpenBLAS reports the kernels that it chose."""
    verbose = {"OPENBLAS_VERBOSE": "2"}
    torch = processes.theirs({"work": "idle"}, **verbose)
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    return {
        "processor": next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?"),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "java": java.splitlines()[0],
        "torch": torch["version"],
        "our_kernel": processes.ours({"work": "idle"}, **verbose)["kernel"],
        "torch_kernel": torch["kernel"],
    }


def roofline():
    """Returns the limits of the machine: the best result of both sides, each twice, because another machine may use the host."""
    found = [side({"work": "roofline"}) for side in (processes.ours, processes.theirs) * 2]
    return functools.reduce(least.better, found)


def rows(comparisons, times, machine_best):
    """Returns a row for each comparison, with times in µs."""
    result = []
    for c in comparisons:
        one = measure.chosen(times[c.work], c.threads)
        other = measure.chosen(times[c.other], None if c.other.side == "PyTorch" else c.threads)
        engine = measure.chosen(times[c.work], measure.ENGINE)
        beside_engine = other if c.other.side == "PyTorch" else measure.chosen(times[c.other], measure.ENGINE)
        result.append({
            "case": c.label,
            "ours": one["median"] / 1000,
            "threads": one["threads"],
            "beside": f"{c.other.side} {c.other.variant} {c.other.optimizer}".strip(),
            "its_threads": other["threads"],
            "other": other["median"] / 1000,
            "ratio": one["median"] / other["median"],
            "bar": c.bar,
            "roofline": one["median"] / least.least_nanos(c.work, machine_best),
            # The limits were measured in single precision.
            "least": None if c.work.storage else least.least_nanos(c.work, machine_best) / other["median"],
            "engine": engine["median"] / 1000,
            "engine_ratio": engine["median"] / beside_engine["median"],
            "spread": f"{_micros(min(one['runs']) / 1000)}–{_micros(max(one['runs']) / 1000)}",
        })  # fmt: skip
    return result


def _micros(value):
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def show_machine(result):
    """Prints what the machine is and can do."""
    for key, value in result["machine"].items():
        print(f"{key}: {value}")
    best = result["roofline"]
    bandwidths = ", ".join(f"{key} MiB {value / 1e9:.1f} GB/s" for key, value in best["bandwidths"].items())
    print(f"best: {best['flops'] / 1e9:.0f} GFLOPS; read {bandwidths}\n", flush=True)


def show_table(rows):
    """Prints the rows of a group as Markdown."""
    print("| work | lora4j µs (runs) | threads | oneDNN µs | beside | its µs | its threads | ratio | oneDNN ratio | bar "
          "| × roofline | least ratio |")  # fmt: skip
    print("|---|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        bar = f"≤ {row['bar']}" if row["bar"] else ""
        least_ratio = f"{row['least']:.2f}" if row["least"] else ""
        print(
            f"| {row['case']} | {_micros(row['ours'])} ({row['spread']}) | {row['threads']} | {_micros(row['engine'])} "
            f"| {row['beside']} | {_micros(row['other'])} | {row['its_threads']} | {row['ratio']:.2f} "
            f"| {row['engine_ratio']:.2f} | {bar} | {row['roofline']:.1f} | {least_ratio} |"
        )
    print(flush=True)


def show_refused(result):
    """Names the works that were not measured."""
    for work in result["refused"]:
        print(f"NOT MEASURED, because it does not compute the numbers of PyTorch: {work}")


TRANSFORMERS = {
    "encoder": "all-MiniLM-L6-v2",
    "decoder": "Llama of 135 million, random weights",
    "families": "Families, random weights",
}


def show_extra(name, found, machine_best):
    """Prints the measurements of a group that has a form of its own."""
    if name == "train":
        _show_train(found)
    elif name == "users":
        _show_users(found)
    elif name in TRANSFORMERS:
        _show_transformer(TRANSFORMERS[name], found, machine_best)
    else:
        _show_curves(name, found)
    print(flush=True)


def _show_curves(name, found):
    mega = 1e6
    if name == "switch":
        print(f"using(...) with 1000 adapters: {found['nanos']:.0f} ns (bar 1000); 900 of them hold "
              f"{found['bytes'] / mega:.0f} MB, resident grew by {found['resident'] / mega:.0f} MB")  # fmt: skip
    elif name == "curves":
        for key in ("rank", "batch"):
            fit = found[f"{key}_line"]
            print(f"LoRA step by {key}: " + ", ".join(f"{x}: {y / 1000:.0f}" for x, y in found[key].items()) + " µs")
            print(f"  fits {fit['intercept'] / 1000:.0f} + {fit['slope'] / 1000:.2f}·{key}, R² {fit['r_squared']:.4f}")
        print("forward by rows: " + ", ".join(f"{x}: {y / 1000:.0f}" for x, y in found["rows"].items()) + " µs")
        for threads, steps in found["threads"].items():
            print(f"LoRA step with {threads} threads by batch: "
                  + ", ".join(f"{x}: {y / 1000:.0f}" for x, y in steps.items()) + " µs")  # fmt: skip
        for count, of in found["adapters"].items():
            print(f"{count} adapters: {of['bytes'] / mega:.1f} MB, resident grew by {of['resident'] / mega:.1f} MB; "
                  f"using(...) {of['nanos']:.0f} ns; the files of one {of['file']} bytes")  # fmt: skip
        for tokens, of in found["tokens"].items():
            print(f"one text of {tokens} tokens: {of['nanos'] / mega:.1f} ms, peak {of['peak'] / mega:.0f} MB")
    elif name == "memory":
        for heap in ("small", "free"):
            run = found[heap]
            over = run["peak"] - run["idle_peak"] - found["base_weights"]
            print(f"{heap} heap: peak {run['peak'] / mega:.0f} MB; idle with ND4J {run['idle_peak'] / mega:.0f} MB; "
                  f"beyond base weights {over / mega:.0f} MB (bar 100); resident ±{100 * run['spread']:.1f} % "
                  f"over the last 20,000 steps (bar 2)")  # fmt: skip
    else:
        print(f"to the first step: first start {found['first']:.2f} s (unpacks {found['unpacked_bytes'] / mega:.0f} MB), "
              f"later {found['later']:.2f} s (main after {found['later_until_main']:.2f}, ND4J loaded in "
              f"{found['later_loading_nd4j']:.2f}); PyTorch {found['peer']:.2f} s")  # fmt: skip


def _show_train(found):
    print("| time to train | lora4j s (runs) | PyTorch s (runs) | its threads | ratio | bar |")
    print("|---|---:|---:|---:|---:|---:|")
    for row in found["rows"]:
        ours, theirs = row["ours"], row["theirs"]
        bar = f"≤ {row['bar']:.3g}" if row["bar"] else ""
        print(
            f"| {row['case']} | {measure.median(ours):.2f} ({min(ours):.2f}–{max(ours):.2f}) "
            f"| {measure.median(theirs):.2f} ({min(theirs):.2f}–{max(theirs):.2f}) | {row['threads']} "
            f"| {measure.median(ours) / measure.median(theirs):.2f} | {bar} |"
        )
    for case, slowing in found["slowing"].items():
        print(f"{case}: the last 500 steps take {slowing:.2f} × as long as the first 500 (bar 1.1)")
    for side, story in found["files"].items():
        print(f"MNIST story, {side}: peak {story['peak'] / 1e6:.0f} MB, files {story['files']}")
    print()


def _show_users(found):
    print("| work, as users get it | machine | lora4j ms | processor ms | beside | its ms | processor ms | ratio (pairs) "
          "| of processor time | bar |")  # fmt: skip
    print("|---|---|---:|---:|---|---:|---:|---:|---:|---:|")
    for row in found["rows"]:
        ours, its = ([measure.median(row[key][side]) / 1e6 for key in ("nanos", "cpu")] for side in ("ours", "theirs"))
        ratios, of_cpu = (row[key]["ratios"] for key in ("nanos", "cpu"))
        bar = f"≤ {row['bar']:.3g}" if row["bar"] else ""
        print(
            f"| {row['case']} | {row['machine']} | {ours[0]:.2f} | {ours[1]:.2f} | {row['beside']} | {its[0]:.2f} | {its[1]:.2f} "
            f"| {measure.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}) | {measure.median(of_cpu):.2f} | {bar} |"
        )
    print()


def _show_transformer(name, found, machine_best):
    print(f"| {name} | lora4j ms (runs) | beside | its ms (runs) | its threads | ratio | bar |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for row in found["rows"]:
        ours, theirs = ([time / 1e6 for time in row[side]] for side in ("ours", "theirs"))
        bar = f"≤ {row['bar']:.3g}" if row["bar"] else ""
        print(
            f"| {row['case']} | {measure.median(ours):.2f} ({min(ours):.2f}–{max(ours):.2f}) | {row['other']} "
            f"| {measure.median(theirs):.2f} ({min(theirs):.2f}–{max(theirs):.2f}) | {row['threads']} "
            f"| {measure.median(ours) / measure.median(theirs):.2f} | {bar} |"
        )
    for row in found["rows"]:
        if "step" in row["case"]:
            print(f"{row['case']}, peak: " + ", ".join(f"{side} {peak / 1e6:.0f} MB" for side, peak in row["peaks"].items()))
    for side, cosine in found.get("cosines", {}).items():
        print(f"{side}: mean cosine {cosine:.5f} to the embeddings of ONNX Runtime in single precision")
    bandwidths = machine_best["bandwidths"]
    for row in found["rows"]:
        if row.get("bytes"):
            _show_bound(row, bandwidths[max(bandwidths, key=int)])
        if row.get("flops"):
            _show_products(row, machine_best["flops"])
    for row in found.get("first", ()):
        print(f"first token of a Qwen2 of 0.5 billion, {row['storage']}{', oneDNN' if row['engine'] else ''}: main after "
              f"{row['main']} ms, loaded after {row['loaded']}, first token of a prompt of 16 after {row['first']} "
              f"({min(row['all'])}–{max(row['all'])}), peak {row['peak'] / 1e6:.0f} MB")  # fmt: skip
    print()


def _show_products(row, flops):
    """Prints the least time that the processor allows for the products, and so the least ratio in single precision."""
    least, theirs = 1e9 * row["flops"] / flops, measure.median(row["theirs"])
    print(f"{row['case']}: products of {row['flops'] / 1e9:.1f} GFLOP take at least {least / 1e6:.1f} ms at {flops / 1e9:.0f} "
          f"GFLOPS; that is {least / measure.median(row['ours']):.2f} of our time, and the least ratio is {least / theirs:.2f}")  # fmt: skip


def _show_bound(row, bandwidth):
    """Prints the least time that the memory allows for a token, which reads every weight once."""
    least = 1e9 * row["bytes"] / bandwidth
    print(f"{row['case']}: reads {row['bytes'] / 1e6:.0f} MB of weights, which takes at least {least / 1e6:.2f} ms at "
          f"{bandwidth / 1e9:.1f} GB/s; that is {least / measure.median(row['ours']):.2f} of our time (bar 0.8)")  # fmt: skip
