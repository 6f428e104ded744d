"""The least time that the hardware allows: bytes that must be moved, flops that must be done."""

LAYERS = {"rich": [(784, 1000), (1000, 2000), (2000, 10)]}
FLOAT = 4


def _layers(work):
    return LAYERS.get(work.net) or [(int(work.net), int(work.net))]


def flops(work):
    """Multiplications and additions of the products; everything else is little."""
    n, total = work.batch, 0
    for index, (inputs, outputs) in enumerate(_layers(work)):
        dense, low = 2 * n * inputs * outputs, 2 * n * work.rank * (inputs + outputs)
        backwards = index > 0  # no gradient of the network's input
        adapted = work.variant in ("lora", "dora", "mixed")
        total += dense + low * adapted
        if work.work == "step":
            total += dense * backwards
            if work.variant == "base":
                total += dense
            else:  # ∂A and ∂B, ∂u of the low inner vector, and its part of the input's gradient
                total += low + 2 * n * work.rank * (outputs + inputs * backwards)
    return total


def moved(work):
    """Bytes: weights once for each pass that uses them, activations written and read once for each pass.

    Training a base reads and writes p, m and v, and writes and reads the gradient.
    """
    total = 0
    for index, (inputs, outputs) in enumerate(_layers(work)):
        weight = inputs * outputs
        factors = work.rank * (inputs + outputs) * work.adapters if work.variant in ("lora", "dora", "mixed") else 0
        activations = work.batch * (inputs + outputs)
        trained = weight if work.variant == "base" else factors
        total += weight + factors + activations
        if work.work == "step":
            total += weight * (index > 0) + factors + activations + 8 * trained
    return total * FLOAT


def least_nanos(work, machine):
    """The larger of both; bandwidth as measured over the smallest array that holds these bytes."""
    size = moved(work)
    sizes = sorted(machine["bandwidths"], key=int)
    fitting = next((key for key in sizes if int(key) << 20 >= size), sizes[-1])
    return 1e9 * max(flops(work) / machine["flops"], size / machine["bandwidths"][fitting])


def better(one, other):
    """What either side measured, where it was more."""
    return {
        "flops": max(one["flops"], other["flops"]),
        "bandwidths": {key: max(value, other["bandwidths"][key]) for key, value in one["bandwidths"].items()},
    }
