"""Computes the least time that the hardware allows, from the bytes and the flops of a work."""

from dataclasses import dataclass

LAYERS = {"rich": [(784, 1000), (1000, 2000), (2000, 10)], "small": [(20, 64), (64, 64), (64, 2)]}
FLOAT = 4


def _layers(work):
    return LAYERS.get(work.net) or [(int(work.net), int(work.net))]


def flops(work):
    """Returns the multiplications and additions of the matrix products; everything else is small."""
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
            else:  # gradients of A, of B and of the inner vector u, and the part of u in the gradient of the input
                total += low + 2 * n * work.rank * (outputs + inputs * backwards)
    return total


@dataclass(frozen=True)
class Transformer:
    """What the products of a transformer depend on.

    linear is the number of elements of the weights that each token is multiplied with, first those of them in the first layer
    whose input needs no gradient, attention the width of all heads together, and head the elements of the weight that only
    the last token of a prompt is multiplied with.
    """

    linear: int
    first: int
    layers: int
    attention: int
    causal: bool = False
    head: int = 0

    def flops(self, lengths, step):
        """Returns those of texts of these lengths, forward or in a step; factors of adapters are small and left out."""
        tokens, pairs = sum(lengths), sum(n * n for n in lengths) / (2 if self.causal else 1)
        products = 2 * tokens * self.linear
        mixed = 4 * pairs * self.attention * self.layers  # scores and their product with the values
        if step:  # the head has all tokens; backward has one product for each weight, and two for each of an attention
            return 2 * (products + 2 * tokens * self.head) - 2 * tokens * self.first + 3 * mixed
        return products + 2 * len(lengths) * self.head + mixed


def moved(work):
    """Returns the bytes that move: the weights once for each pass that uses them, and the activations of each pass.

    The training of parameters reads and writes p, m and v, and writes and reads the gradient.
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
    """Returns the larger of both times. The bandwidth is that of the smallest measured array that holds these bytes."""
    size = moved(work)
    sizes = sorted(machine["bandwidths"], key=int)
    fitting = next((key for key in sizes if int(key) << 20 >= size), sizes[-1])
    return 1e9 * max(flops(work) / machine["flops"], size / machine["bandwidths"][fitting])


def better(one, other):
    """Returns the greater of two measurements, number by number."""
    return {
        "flops": max(one["flops"], other["flops"]),
        "bandwidths": {key: max(value, other["bandwidths"][key]) for key, value in one["bandwidths"].items()},
    }
