package org.lora4j.cli.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.generate.Generation;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.ServingException;
import org.lora4j.text.StopTexts;
import org.lora4j.text.TokenStream;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.ToolReader;

/** One of the generations of a request, as text, until its end or a stop text. */
final class TextGeneration {
    private final GenerationHandle handle;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final TokenStream stream;
    private final StopTexts stops;

    /** Finds calls of tools; null if there are none to find. */
    private final @Nullable ToolReader calls;

    private int count;

    /**
     * Starts a generation.
     *
     * @param tokens is given each token, and nothing at the end, in the threads of the model
     * @throws ServingException if it is refused
     */
    TextGeneration(ServedDecoder decoder, TextRequest request, Deadline deadline, Consumer<OptionalInt> tokens) {
        ExpectedCalls expected = request.calls();
        calls = expected == null ? null : expected.reader();
        stream = expected == null
                ? decoder.tokenizer().stream()
                : decoder.tokenizer().stream(expected.format().marks());
        stops = new StopTexts(request.stops());
        handle = decoder.generate(
                request.withStopWhen((List<Integer> ids) -> stopped.get()),
                deadline,
                id -> tokens.accept(OptionalInt.of(id)));
        // The result of the action is that of the handle.
        CompletableFuture<Generation> unused =
                handle.result().whenComplete((result, failure) -> tokens.accept(OptionalInt.empty()));
    }

    /** The adapter that computes the text, from its first token on; nothing before, and for the model alone. */
    Optional<UsedAdapter> adapter() {
        return handle.adapter();
    }

    void cancel() {
        handle.cancel();
    }

    /** The new tokens so far. */
    int count() {
        return count;
    }

    /** Whether the text has ended before a stop text. What follows is no part of it. */
    boolean isStopped() {
        return stopped.get();
    }

    /** Takes a token, and returns what it adds. */
    List<AnswerPart> add(int id) {
        count++;
        List<AnswerPart> parts = new ArrayList<>(parts(stops.add(stream.add(id))));
        stopped.set(stops.isFound());
        if (stops.isFound()) {
            parts.addAll(rest());
        }
        return parts;
    }

    /**
     * Ends the text, and returns what was held back.
     *
     * @throws ServingException if the generation failed
     */
    List<AnswerPart> end() {
        if (handle.join().finish() == Generation.Finish.CANCELLED) {
            throw new ServingException(ServingException.Reason.CLOSED, "the server stops", null);
        }
        String text = stops.add(stream.end());
        List<AnswerPart> parts = new ArrayList<>(parts(stops.isFound() ? text : text + stops.end()));
        parts.addAll(rest());
        return parts;
    }

    private List<AnswerPart> parts(String text) {
        if (calls != null) {
            return calls.add(text);
        }
        return text.isEmpty() ? List.of() : List.of(new AnswerPart.Text(text));
    }

    private List<AnswerPart> rest() {
        return calls == null ? List.of() : calls.end();
    }

    /** The word of OpenAI's API for why the text ended. */
    String finish() {
        return stops.isFound() || handle.join().finish() == Generation.Finish.STOP ? "stop" : "length";
    }
}
