package org.lora4j.text;

import java.util.Iterator;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.lora4j.generate.Generation;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;

/** An answer that a {@link ChatService} generates. One thread reads it, once; any thread can cancel it. */
public final class ChatAnswer {
    private final GenerationHandle handle;
    private final TokenStream stream;
    private final StopTexts stops;

    /** Ends the generation when it is set. */
    private final AtomicBoolean stopped;

    private volatile boolean cancelled;

    /**
     * A whole answer.
     *
     * @param text the text, without the stop text
     * @param finish {@code STOP} at the end of the text or a stop text, {@code LENGTH} after the most tokens
     * @param promptTokens the tokens of the conversation
     * @param tokens the new tokens, with those of the stop text
     */
    public record Whole(String text, Finish finish, int promptTokens, int tokens) {}

    ChatAnswer(GenerationHandle handle, TokenStream stream, StopTexts stops, AtomicBoolean stopped) {
        this.handle = handle;
        this.stream = stream;
        this.stops = stops;
        this.stopped = stopped;
    }

    /**
     * Hands over the text part by part, and waits for its end.
     *
     * @param parts is given each part, never an empty one, by this thread; nothing more after {@link #cancel}. What it throws cancels
     *     the answer
     * @return the whole answer; empty if {@link #cancel} was called
     * @throws ServingException if the generation fails or somebody else cancels it
     * @throws java.util.concurrent.CancellationException if the thread is interrupted, which cancels the answer
     */
    public Optional<Whole> read(Consumer<String> parts) {
        Objects.requireNonNull(parts, "parts must not be null");
        boolean hasEnded = false;
        try {
            Optional<Whole> whole = readAll(parts);
            hasEnded = true;
            return whole;
        } finally {
            if (!hasEnded) {
                handle.cancel();
            }
        }
    }

    private Optional<Whole> readAll(Consumer<String> parts) {
        StringBuilder text = new StringBuilder();
        Consumer<String> sink = part -> {
            if (!part.isEmpty() && !cancelled) {
                text.append(part);
                parts.accept(part);
            }
        };
        int count = 0;
        for (Iterator<Integer> ids = handle.stream().iterator(); !cancelled && !stops.isFound() && ids.hasNext(); ) {
            count++;
            sink.accept(stops.add(stream.add(ids.next())));
        }
        if (stops.isFound()) {
            // The generation ends as one that was finished, not as one that was cancelled.
            stopped.set(true);
        } else if (!cancelled) {
            sink.accept(stops.add(stream.end()));
            sink.accept(stops.isFound() ? "" : stops.end());
        }
        if (cancelled) {
            return Optional.empty();
        }
        Generation generation = handle.join();
        if (generation.finish() == Finish.CANCELLED) {
            throw new ServingException(Reason.CANCELLED, "the request was cancelled", null);
        }
        Finish finish = stops.isFound() ? Finish.STOP : generation.finish();
        return Optional.of(new Whole(text.toString(), finish, generation.promptTokens(), count));
    }

    /** Ends the answer. A second call has no effect. */
    public void cancel() {
        cancelled = true;
        handle.cancel();
    }

    /**
     * Returns whether {@link #cancel} was called.
     *
     * @return true from then on
     */
    public boolean isCancelled() {
        return cancelled;
    }
}
