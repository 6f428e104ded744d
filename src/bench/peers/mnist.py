"""The MNIST example in PyTorch, with the steps of the example on the JVM: base, LoRA on digit 9, tests, files.

Usage: mnist.py FOLDER THREADS, with THREADS as in work.py
"""

import gzip
import json
import sys
import time
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

import networks
import threads

DATA = Path(__file__).resolve().parents[3] / "lora-mnist-example/src/main/resources/org/lora4j/example/mnist/data"
BATCH = 10
DIGIT = 9
DIGIT_BATCHES = 100


def read(split):
    """Reads normalized images and labels from IDX files."""
    with gzip.open(DATA / f"{split}-images-idx3-ubyte.gz") as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 784)
    with gzip.open(DATA / f"{split}-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    images = (torch.from_numpy(pixels.astype(numpy.float32)) / 255 - 0.1307) / 0.3081
    return images, torch.from_numpy(labels.astype(numpy.int64))


def train(model, images, labels, batches):
    """Trains with Adam on shuffled batches. The fused kernel is the fastest Adam of PyTorch."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=1e-3, fused=True)
    loader = DataLoader(TensorDataset(images, labels), BATCH, shuffle=True)
    for index, (x, y) in enumerate(loader):
        if index == batches:
            break
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def test(name, model, images, labels):
    """Prints the accuracy and the number of errors for each digit."""
    with torch.inference_mode():
        predictions = torch.cat([model(x) for x in images.split(BATCH)]).argmax(dim=1)
    wrong = [int(((labels == digit) & (predictions != digit)).sum()) for digit in range(10)]
    print(f"{name}: accuracy {(predictions == labels).float().mean():.4f}, wrong {wrong}")


def main():
    folder = Path(sys.argv[1])
    threads.use(sys.argv[2])
    folder.mkdir(parents=True)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    images, labels = read("train")
    test_images, test_labels = read("t10k")
    layers = {"linear1": torch.nn.Linear(784, 1000), "linear2": torch.nn.Linear(1000, 2000),
              "linear3": torch.nn.Linear(2000, 10)}  # fmt: skip
    relu = torch.nn.ReLU()
    base = torch.nn.Sequential(layers["linear1"], relu, layers["linear2"], relu, layers["linear3"])
    seconds = {}
    begin = time.perf_counter()
    train(base, images, labels, None)
    seconds["base"] = time.perf_counter() - begin
    test("base", base, test_images, test_labels)
    weights = {f"{path}.{name}": value.detach() for path, layer in layers.items()
               for name, value in layer.named_parameters()}  # fmt: skip
    save_file(weights, folder / "base.safetensors")
    base.requires_grad_(False)
    lora = {path: networks.Factored(layer, torch.randn(1, layer.in_features), torch.zeros(layer.out_features, 1), 1.0)
            for path, layer in layers.items()}  # fmt: skip
    adapted = torch.nn.Sequential(lora["linear1"], relu, lora["linear2"], relu, lora["linear3"])
    nines = labels == DIGIT
    begin = time.perf_counter()
    train(adapted, images[nines], labels[nines], DIGIT_BATCHES)
    seconds["lora"] = time.perf_counter() - begin
    test("LoRA", adapted, test_images, test_labels)
    test("base again", base, test_images, test_labels)
    factors = {f"{path}.{name}": getattr(layer, name).detach() for path, layer in lora.items()
               for name in ("lora_a", "lora_b")}  # fmt: skip
    save_file(factors, folder / "adapter.safetensors")
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
