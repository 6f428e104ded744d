"""Checks adapters with an independent implementation of PEFT's rules, on the real safetensors and PyTorch.

    python3 check_adapter.py CASE...

Each CASE is a folder like those of the golden cases. It holds base.safetensors with dense layers, in the order of their
names and with a ReLU between them; adapter/, which PEFT or this library wrote; and io.safetensors with x and y_adapter.
The script needs the Debian packages python3-safetensors and python3-torch.
"""

import json
import re
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

PREFIX = "base_model.model."
FIELDS = """alora_invocation_tokens alpha_pattern arrow_config auto_mapping base_model_name_or_path bias corda_config
    ensure_weight_tying eva_config exclude_modules fan_in_fan_out inference_mode init_lora_weights kasa_config
    layer_replication layers_pattern layers_to_transform loftq_config lora_alpha lora_bias lora_dropout lora_ga_config
    megatron_config megatron_core modules_to_save monteclora_config peft_type peft_version qalora_group_size r
    rank_pattern revision target_modules target_parameters task_type trainable_token_indices use_bdlora use_dora
    use_qalora use_rslora velora_config""".split()


def matches(modules, path):
    if modules is None:
        return False
    if isinstance(modules, str):
        return re.fullmatch(modules, path) is not None
    return any(path == entry or path.endswith("." + entry) for entry in modules)


def by_pattern(patterns, path, otherwise):
    for key, value in patterns.items():
        if re.match(rf"(.*\.)?({key})$", path):
            return value
    return otherwise


class Layer:
    def __init__(self, path, base, config, tensors):
        self.path, self.config = path, config
        self.weight, self.bias = base[path + ".weight"], base.get(path + ".bias")
        saved = matches(config["modules_to_save"], path)
        self.adapted = (matches(config["target_modules"], path) and not saved
                        and not matches(config["exclude_modules"], path))
        rank = by_pattern(config["rank_pattern"], path, config["r"])
        alpha = by_pattern(config["alpha_pattern"], path, config["lora_alpha"])
        self.scale = alpha / (rank**0.5 if config["use_rslora"] else rank)
        out, inputs = self.weight.shape
        take = lambda key, *shape: self.take(tensors, key, shape)
        self.a = take("lora_A.weight", rank, inputs) if self.adapted else None
        self.b = take("lora_B.weight", out, rank) if self.adapted else None
        self.b_bias = take("lora_B.bias", out) if self.adapted and config["lora_bias"] else None
        self.magnitude = take("lora_magnitude_vector", out) if self.adapted and config["use_dora"] else None
        if saved:
            self.weight = take("weight", out, inputs)
        if self.bias is not None:
            if self.adapted and config["bias"] != "none":
                self.bias = take("base_layer.bias", out)
            elif saved or config["bias"] == "all":
                self.bias = take("bias", out)

    def take(self, tensors, key, shape):
        tensor = tensors.pop(f"{PREFIX}{self.path}.{key}")
        assert tensor.dtype == torch.float32, (self.path, key, tensor.dtype)
        assert tuple(tensor.shape) == shape, (self.path, key, tensor.shape, shape)
        return tensor

    def __call__(self, x):
        y = x @ self.weight.T
        if self.adapted:
            delta = self.scale * (x @ self.a.T) @ self.b.T
            if self.b_bias is not None:
                delta = delta + self.scale * self.b_bias
            y = y + delta
            if self.magnitude is not None:
                norm = torch.linalg.norm(self.weight + self.scale * self.b @ self.a, dim=1)
                y = y * (self.magnitude / norm)
        return y if self.bias is None else y + self.bias


def check(case):
    text = (case / "adapter/adapter_config.json").read_text()
    config = json.loads(text)
    assert sorted(config) == FIELDS, set(config) ^ set(FIELDS)
    assert config["peft_type"] == "LORA" and config["inference_mode"] is True
    assert text == json.dumps(config, indent=2), "the layout differs from that of Python's json"
    base = load_file(case / "base.safetensors")
    tensors = load_file(case / "adapter/adapter_model.safetensors")
    with safe_open(case / "adapter/adapter_model.safetensors", "pt") as file:
        assert file.metadata()["format"] == "pt"
    paths = sorted(key.removesuffix(".weight") for key in base if key.endswith(".weight"))
    layers = [Layer(path, base, config, tensors) for path in paths]
    assert any(layer.adapted for layer in layers)
    assert not tensors, f"left over: {sorted(tensors)}"
    io = load_file(case / "io.safetensors")
    y = io["x"]
    for layer in layers:
        y = layer(y if layer is layers[0] else torch.relu(y))
    error = (y - io["y_adapter"]).abs().max().item()
    assert error < 1e-5, error
    return error


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for folder in sys.argv[1:]:
        print(f"{folder}: the outputs agree within {check(Path(folder)):.1e}")
