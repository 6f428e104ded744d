"""Dense networks with LoRA in PyTorch, as other libraries implement it. Their times are compared with this library."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize


class Factored(nn.Module):
    """y = x·Wᵀ + b + s·(x·Aᵀ)·Bᵀ, as PEFT and loralib compute it."""

    def __init__(self, base, a, b, scale):
        super().__init__()
        self.base = base
        self.lora_a = nn.Parameter(a)
        self.lora_b = nn.Parameter(b)
        self.scale = scale

    def forward(self, x):
        low = functional.linear(functional.linear(x, self.lora_a), self.lora_b)
        return self.base(x) + low * self.scale


class DoRA(Factored):
    """DoRA, as in PEFT's DoraLinearLayer without dropout."""

    def __init__(self, base, a, b, scale, magnitude):
        super().__init__(base, a, b, scale)
        self.magnitude = nn.Parameter(magnitude)

    def forward(self, x):
        result = self.base(x)
        eye = torch.eye(self.lora_a.shape[1], dtype=x.dtype)
        delta = functional.linear(functional.linear(eye, self.lora_a), self.lora_b).T
        norm = torch.linalg.norm(self.base.weight + self.scale * delta.detach(), dim=1).detach()
        factor = (self.magnitude / norm).view(1, -1)
        low = functional.linear(functional.linear(x, self.lora_a), self.lora_b)
        return result + (factor - 1) * (result - self.base.bias) + factor * low * self.scale


class Delta(nn.Module):
    """W + (B·A)·s, a parametrization of the weight as in the notebook hkproj/pytorch-lora."""

    def __init__(self, a, b, scale):
        super().__init__()
        self.lora_a = nn.Parameter(a)
        self.lora_b = nn.Parameter(b)
        self.scale = scale

    def forward(self, weight):
        return weight + torch.matmul(self.lora_b, self.lora_a).view(weight.shape) * self.scale


class Mixed(nn.Module):
    """An adapter for each row, as in PEFT's mixed batches: the base computes all rows, then each adapter its rows."""

    def __init__(self, base, factors, scale, rows):
        super().__init__()
        self.base = base
        self.factors = factors
        self.scale = scale
        self.groups = [torch.arange(i, rows, len(factors)) for i in range(len(factors))]

    def forward(self, x):
        result = self.base(x)
        for (a, b), rows in zip(self.factors, self.groups):
            result[rows] += functional.linear(functional.linear(x[rows], a), b) * self.scale
        return result


def adapt(variant, base, path, tensors, adapters, scale, rows):
    """Returns one layer of a variant. Its base is frozen unless the variant is base."""
    factors = [
        (tensors[f"a{i}.{path}.lora_A"].clone(), tensors[f"a{i}.{path}.lora_B"].clone()) for i in range(adapters)
    ]
    if variant == "base":
        return base
    base.requires_grad_(False)
    if variant == "mixed":
        return Mixed(base, factors, scale, rows)
    a, b = factors[0]
    if variant == "factored":
        return Factored(base, a, b, scale)
    if variant == "dora":
        return DoRA(base, a, b, scale, tensors[f"a0.{path}.lora_magnitude_vector"].clone())
    if variant == "parametrize":
        parametrize.register_parametrization(base, "weight", Delta(a, b, scale))
        return base
    if variant == "merged":
        base.weight += scale * b @ a
        return base
    raise ValueError(f"the variant must be base, factored, dora, parametrize, merged or mixed, found {variant}")


def build(variant, tensors, adapters=1, scale=2.0):
    """Returns a network of the layers linear1, linear2, … in the tensors, with a ReLU between them."""
    paths = sorted(name.removesuffix(".weight") for name in tensors if name.endswith(".weight"))
    layers = []
    for path in paths:
        weight = tensors[path + ".weight"]
        base = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            base.weight.copy_(weight)
            base.bias.copy_(tensors[path + ".bias"])
            layers.append(adapt(variant, base, path, tensors, adapters, scale, len(tensors["x0"])))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers[:-1])
