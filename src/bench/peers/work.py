"""Runs one work in PyTorch and prints one line of JSON, as org.lora4j.bench.Work does on the JVM.

The arguments are key=value. threads=2+1 gives two threads to PyTorch's own loops and one to OpenBLAS.
"""

import json
import sys
import time

import torch
from safetensors.torch import load_file
from torch.nn import functional

import networks
import threads
import timing

NUMBERS = 20
DEFAULTS = {
    "work": "", "start": "", "variant": "factored", "optimizer": "adam", "adapters": "1",
    "warm": "2", "seconds": "2", "steps": "0", "rate": "1e-3", "threads": "", "storage": "FLOAT",
}  # fmt: skip


def training_step(tensors, settings):
    """Returns a function that takes one step and returns the loss before it."""
    model = networks.build(settings["variant"], tensors)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    fused = {"fused": True} if settings["optimizer"] == "fused" else {}
    optimizer = torch.optim.Adam(trained, lr=float(settings["rate"]), **fused)
    count = sum(name.startswith("x") for name in tensors)
    batches = [(tensors[f"x{i}"], tensors[f"y{i}"]) for i in range(count)]
    taken = 0

    def step():
        nonlocal taken
        x, y = batches[taken % count]
        taken += 1
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=settings["storage"] == "BFLOAT16"):
            loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def prediction(tensors, settings):
    """Returns a function that predicts once."""
    model = networks.build(settings["variant"], tensors, int(settings["adapters"]))

    def predict():
        with torch.inference_mode():
            return model(tensors["x0"])

    return predict


def numbers(settings, operation):
    """Returns the numbers that both sides must agree on: losses, or outputs and their mean square."""
    if settings["work"] == "step":
        return [operation() for _ in range(min(int(settings["steps"]), NUMBERS) or NUMBERS)]
    output = operation()
    return output.flatten()[:NUMBERS].tolist() + [output.double().square().mean().item()]


def roofline():
    """Measures flops per second of a large product, and bytes per second read from arrays of some megabytes."""
    a = torch.ones(2048, 2048)
    flops = 2 * 2048**3 / best(lambda: a @ a)
    bandwidths = {}
    for megabytes in (4, 16, 64, 256):
        values = torch.ones(megabytes << 18)
        bandwidths[megabytes] = (megabytes << 20) / best(values.sum)
    return {"flops": flops, "bandwidths": bandwidths}


def best(operation):
    """Returns the seconds of the fastest of several calls."""
    times = []
    for _ in range(20):
        begin = time.perf_counter()
        operation()
        times.append(time.perf_counter() - begin)
    return min(times)


def run(settings):
    if settings["threads"]:
        threads.use(settings["threads"])
    if settings["work"] == "idle":
        return {"version": torch.__version__}
    if settings["work"] == "roofline":
        return roofline()
    tensors = load_file(settings["start"])
    make = training_step if settings["work"] == "step" else prediction
    result = {"numbers": numbers(settings, make(tensors, settings))}
    if settings["steps"] == "0":
        # A new model: after the first one was freed, the C library keeps freed memory instead of returning it.
        operation = make(tensors, settings)
        result |= timing.measure(operation, float(settings["warm"]), float(settings["seconds"]))
    elif int(settings["steps"]) > NUMBERS:
        result["steps"] = timing.nanos_of_each(make(tensors, settings), int(settings["steps"]))
    return result


def main():
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    unknown = given.keys() - DEFAULTS.keys()
    if unknown:
        raise SystemExit(f"each argument must be one of {sorted(DEFAULTS)}, found {sorted(unknown)}")
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    result = run(DEFAULTS | given)
    print(json.dumps(result | {"end": time.time() * 1000}))


if __name__ == "__main__":
    main()
