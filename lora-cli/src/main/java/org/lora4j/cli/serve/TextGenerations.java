package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.serve.ServingException;
import org.lora4j.text.grammar.GrammarLease;

/** The generations of a request, which run together. What fails in one ends all. */
final class TextGenerations {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Receives the texts. What it throws cancels the generations. */
    interface Receiver {
        /** What a token, or the end, makes certain of a text. It may be nothing. */
        void piece(int index, TextPiece piece) throws IOException;

        /**
         * The end of a text.
         *
         * @param finish the word of OpenAI's API
         */
        void end(int index, String finish) throws IOException;

        /** Called each second without a new token or during a long text. */
        void alive() throws IOException;
    }

    /** A token of a generation, or its end. */
    private record Event(int index, OptionalInt token) {}

    private final List<TextGeneration> all = new ArrayList<>();

    /** The grammars that are used until all texts have ended. */
    private final List<GrammarLease> grammars = new ArrayList<>();

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    private TextGenerations() {}

    /**
     * Starts generations.
     *
     * @throws ServingException if one is refused; then none goes on
     */
    static TextGenerations start(ServedDecoder decoder, List<TextRequest> requests, Deadline deadline, RequestUse use) {
        TextGenerations started = new TextGenerations();
        try {
            for (TextRequest request : requests) {
                int index = started.all.size();
                TextRequest compiled = started.compiled(decoder, request, deadline, use);
                started.all.add(new TextGeneration(
                        decoder, compiled, deadline, use, token -> started.events.add(new Event(index, token))));
            }
            return started;
        } catch (RuntimeException | Error e) {
            started.cancel();
            throw e;
        }
    }

    private TextRequest compiled(ServedDecoder decoder, TextRequest request, Deadline deadline, RequestUse use) {
        AskedGrammar asked = request.grammar();
        if (asked == null) {
            return request;
        }
        GrammarLease grammar = decoder.compile(asked, request, deadline, use);
        grammars.add(grammar);
        return request.withConstraint(decoder.constraint(asked, grammar));
    }

    private void cancel() {
        all.forEach(TextGeneration::cancel);
        grammars.forEach(GrammarLease::close);
    }

    /** The keywords and formats of all schemas that have no effect, each once. */
    List<String> annotations() {
        return grammars.stream()
                .flatMap(grammar -> grammar.annotations().stream())
                .distinct()
                .toList();
    }

    /** The adapter that computes the texts, from the first token on; nothing before, and for the model alone. */
    Optional<UsedAdapter> adapter() {
        return all.stream().flatMap(one -> one.adapter().stream()).findFirst();
    }

    /** The mean log probability of the tokens of a text. */
    double meanLogProbability(int index) {
        return all.get(index).meanLogProbability();
    }

    /** The log probabilities of the tokens of a prompt but the first, once its text has ended; none if they are not asked for. */
    List<LogProbabilities.OfToken> promptLogProbabilities(int index) {
        return all.get(index).promptLogProbabilities();
    }

    /**
     * How many tokens of the prompts were known, once all texts have ended with their last tokens.
     *
     * @param each how many texts, one after the other, have one prompt, which counts once
     */
    int reusedTokens(int each) {
        int reused = 0;
        for (int i = 0; i < all.size(); i += each) {
            reused += all.get(i).reusedTokens();
        }
        return reused;
    }

    /** The new tokens of all texts so far. */
    int count() {
        return all.stream().mapToInt(TextGeneration::count).sum();
    }

    /**
     * Hands over the texts, and waits for their ends.
     *
     * @throws IOException if the receiver throws it
     * @throws ServingException if a generation fails
     */
    void run(Receiver receiver) throws IOException {
        boolean hasEnded = false;
        try {
            receive(receiver);
            hasEnded = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the client has gone");
        } finally {
            if (hasEnded) {
                grammars.forEach(GrammarLease::close);
            } else {
                cancel();
            }
        }
    }

    private void receive(Receiver receiver) throws IOException, InterruptedException {
        int running = all.size();
        long next = System.nanoTime() + PATIENCE_NANOS;
        while (running > 0) {
            @Nullable Event event = events.poll(Math.max(0, next - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (event == null || next - System.nanoTime() <= 0) {
                receiver.alive();
                next = System.nanoTime() + PATIENCE_NANOS;
            }
            if (event != null && hand(event, receiver)) {
                running--;
            }
        }
    }

    /** Hands an event over. Returns whether its text ended with it. */
    private boolean hand(Event event, Receiver receiver) throws IOException {
        TextGeneration one = all.get(event.index);
        if (one.isStopped()) {
            // Its last tokens, and its end, which was told.
            return false;
        }
        boolean isToken = event.token.isPresent();
        receiver.piece(event.index, isToken ? one.add(event.token.getAsInt()) : one.end());
        boolean hasEnded = !isToken || one.isStopped();
        if (hasEnded) {
            receiver.end(event.index, one.isStopped() ? "stop" : one.finish());
        }
        return hasEnded;
    }
}
