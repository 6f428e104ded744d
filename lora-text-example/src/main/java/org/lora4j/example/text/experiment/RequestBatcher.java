package org.lora4j.example.text.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Computes the requests of many threads as batches in which each text has its own adapter. A thread of the batcher takes all
 * requests that wait, and computes them at once; meanwhile the next ones gather. No request waits for others to come.
 */
final class RequestBatcher implements AutoCloseable {
    private final LoRAModel model;
    private final int mostTexts;
    private final BlockingQueue<Request> waiting = new LinkedBlockingQueue<>();
    private final Thread worker = new Thread(this::work, "request batcher");
    private long batches;

    /** A request, or the end of all requests if there is no text. */
    private record Request(List<Sequences> text, String adapter, CompletableFuture<INDArray> output) {}

    /**
     * Starts a batcher.
     *
     * @param model the model with the adapters
     * @param mostTexts the most texts of a batch
     */
    RequestBatcher(LoRAModel model, int mostTexts) {
        this.model = model;
        this.mostTexts = mostTexts;
        worker.start();
    }

    /** Computes the output of one text with an adapter; waits for it. */
    INDArray predict(Sequences text, String adapter) {
        Request request = new Request(List.of(text), adapter, new CompletableFuture<>());
        waiting.add(request);
        return request.output().join();
    }

    private void work() {
        try {
            List<Request> batch = new ArrayList<>();
            for (Request first = waiting.take(); !first.text().isEmpty(); first = waiting.take()) {
                batch.add(first);
                waiting.drainTo(batch, mostTexts - 1);
                compute(batch);
                batch.clear();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void compute(List<Request> batch) {
        try {
            Sequences texts = Sequences.concat(
                    batch.stream().flatMap(request -> request.text().stream()).toList());
            INDArray outputs =
                    model.predict(texts, batch.stream().map(Request::adapter).toList());
            batches++;
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i)
                        .output()
                        .complete(outputs.get(NDArrayIndex.interval(i, i + 1L), NDArrayIndex.all())
                                .dup());
            }
        } catch (RuntimeException e) {
            batch.forEach(request -> request.output().completeExceptionally(e));
        }
    }

    /** Ends the batcher, after all requests that wait. */
    @Override
    public void close() {
        waiting.add(new Request(List.of(), "", new CompletableFuture<>()));
        try {
            worker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns the number of batches so far. Exact after {@link #close}. */
    long batches() {
        return batches;
    }
}
