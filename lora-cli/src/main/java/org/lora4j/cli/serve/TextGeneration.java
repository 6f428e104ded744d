package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.generate.Generation;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.ServingException;
import org.lora4j.text.StopTexts;
import org.lora4j.text.TokenStream;

/** A generation as text, until its end or a stop text. */
final class TextGeneration {
    private static final long PATIENCE_MILLIS = 1_000;

    /** Receives the text. What it throws cancels the generation. */
    interface Receiver {
        /** A new part of the text, never empty. */
        void text(String part) throws IOException;

        /** Called each second without a new token or during a long text. */
        void alive() throws IOException;
    }

    /**
     * How a text ended.
     *
     * @param finish the word of OpenAI's API
     * @param tokens the number of new tokens
     */
    record End(String finish, int tokens) {}

    private final GenerationHandle handle;
    private final BlockingQueue<OptionalInt> tokens = new LinkedBlockingQueue<>();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final TokenStream stream;
    private final StopTexts stops;
    private int count;

    private TextGeneration(ServedDecoder decoder, TextRequest request, Deadline deadline) {
        stream = decoder.tokenizer().stream();
        stops = new StopTexts(request.stops());
        handle = decoder.generate(
                request.withStopWhen((List<Integer> ids) -> stopped.get()),
                deadline,
                id -> tokens.add(OptionalInt.of(id)));
        // The result of the action is that of the handle.
        CompletableFuture<Generation> unused =
                handle.result().whenComplete((result, failure) -> tokens.add(OptionalInt.empty()));
    }

    /**
     * Starts a generation.
     *
     * @throws ServingException if it is refused
     */
    static TextGeneration start(ServedDecoder decoder, TextRequest request, Deadline deadline) {
        return new TextGeneration(decoder, request, deadline);
    }

    /** The adapter that computes the text, from its first token on; nothing before, and for the model alone. */
    Optional<UsedAdapter> adapter() {
        return handle.adapter();
    }

    /**
     * Hands over the text, and waits for its end.
     *
     * @throws IOException if the receiver throws it
     * @throws ServingException if the generation fails
     */
    End run(Receiver receiver) throws IOException {
        boolean hasEnded = false;
        try {
            End end = receive(receiver);
            hasEnded = true;
            return end;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the client has gone");
        } finally {
            if (!hasEnded) {
                handle.cancel();
            }
        }
    }

    private End receive(Receiver receiver) throws IOException, InterruptedException {
        long next = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (true) {
            OptionalInt id = tokens.poll(Math.max(0, next - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (id == null || next - System.nanoTime() <= 0) {
                receiver.alive();
                next = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
            }
            if (id == null) {
                continue;
            }
            if (id.isEmpty()) {
                return end(receiver);
            }
            count++;
            hand(receiver, stops.add(stream.add(id.getAsInt())));
            if (stops.isFound()) {
                stopped.set(true);
                return new End("stop", count);
            }
        }
    }

    private End end(Receiver receiver) throws IOException {
        Generation.Finish finish = handle.join().finish();
        if (finish == Generation.Finish.CANCELLED) {
            throw new ServingException(ServingException.Reason.CLOSED, "the server stops", null);
        }
        hand(receiver, stops.add(stream.end()));
        if (!stops.isFound()) {
            hand(receiver, stops.end());
        }
        boolean isWhole = finish == Generation.Finish.STOP || stops.isFound();
        return new End(isWhole ? "stop" : "length", count);
    }

    private static void hand(Receiver receiver, String part) throws IOException {
        if (!part.isEmpty()) {
            receiver.text(part);
        }
    }
}
