"""A service as a user of PyTorch writes it: clients put single rows into a queue, and one thread answers them, one by one or in
batches with an adapter for each row. Python's threads share one lock, so more threads answer no faster.

  serving.py clients=64 adapters=64 rank=8 seconds=5 rows=64
"""

import queue
import statistics
import sys
import threading
import time
from concurrent.futures import Future

import threads
import torch
from torch.nn import functional

SIZES = (784, 1000, 2000, 10)


class Network:
    """The layers of RichBoyNet, and the factors of all adapters: A [adapters, r, in] and B [adapters, out, r]."""

    def __init__(self, adapters, rank):
        torch.manual_seed(1)
        self.layers = []
        for size, out in zip(SIZES, SIZES[1:]):
            weight, bias = torch.randn(out, size) * 0.05, torch.randn(out) * 0.05
            self.layers.append((weight, bias, torch.randn(adapters, rank, size), torch.randn(adapters, out, rank)))

    def one(self, x, adapter):
        """Computes the rows of one adapter."""
        for i, (weight, bias, a, b) in enumerate(self.layers):
            y = functional.linear(x, weight, bias) + 2 * functional.linear(functional.linear(x, a[adapter]), b[adapter])
            x = torch.relu(y) if i + 1 < len(self.layers) else y
        return x

    def mixed(self, x, adapters):
        """Computes rows with an adapter each."""
        for i, (weight, bias, a, b) in enumerate(self.layers):
            low = torch.bmm(a[adapters], x.unsqueeze(2))
            y = functional.linear(x, weight, bias) + 2 * torch.bmm(b[adapters], low).squeeze(2)
            x = torch.relu(y) if i + 1 < len(self.layers) else y
        return x


def serve(network, waiting, rows):
    """Answers the requests of a queue until it gets None."""
    with torch.no_grad():
        while (request := waiting.get()) is not None:
            batch = [request]
            while len(batch) < rows and not waiting.empty():
                batch.append(waiting.get())
            if len(batch) == 1:
                result = network.one(request[0], request[1])
            else:
                result = network.mixed(torch.cat([x for x, _, _ in batch]), torch.tensor([a for _, a, _ in batch]))
            for i, (_, _, future) in enumerate(batch):
                future.set_result(result[i])


def measure(network, settings, rows):
    """Returns the requests per second, and the median and 99 % latency in microseconds."""
    waiting, latencies = queue.Queue(), []
    worker = threading.Thread(target=serve, args=(network, waiting, rows))
    worker.start()
    end = time.perf_counter() + settings["seconds"]

    def client(number):
        x, count, times = torch.randn(1, SIZES[0]), 0, []
        while (begin := time.perf_counter()) < end:
            future = Future()
            waiting.put((x, (number + count) % settings["adapters"], future))
            future.result()
            times.append(time.perf_counter() - begin)
            count += 1
        latencies.extend(times)

    clients = [threading.Thread(target=client, args=(i,)) for i in range(settings["clients"])]
    begin = time.perf_counter()
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    elapsed = time.perf_counter() - begin
    waiting.put(None)
    worker.join()
    latencies.sort()
    return len(latencies) / elapsed, statistics.median(latencies) * 1e6, latencies[int(len(latencies) * 0.99)] * 1e6


def main():
    settings = {"clients": 64, "adapters": 64, "rank": 8, "seconds": 5, "rows": 64}
    settings |= {key: int(value) for key, value in (argument.split("=") for argument in sys.argv[1:]) if key in settings}
    network = Network(settings["adapters"], settings["rank"])
    for rows in (1, settings["rows"]):
        for setting in ("1+2", "1+1", "2+1"):
            threads.use(setting)
            measure(network, settings | {"seconds": 1}, rows)
            found = measure(network, settings, rows)
            print("PyTorch, batches of up to %d rows, threads %s: %.0f requests per second, median %.0f us, 99 %% %.0f us"
                  % (rows, setting, *found), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
