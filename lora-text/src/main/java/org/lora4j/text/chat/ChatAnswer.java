package org.lora4j.text.chat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.lora4j.generate.Generation;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.ChatService;
import org.lora4j.text.tokens.TokenStream;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.AnswerReader;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;

/** An answer that a {@link ChatService} generates. One thread reads it, once; any thread can cancel it. */
public final class ChatAnswer {
    private final GenerationHandle handle;
    private final TokenStream stream;
    private final StopTexts stops;

    /** Finds thoughts and calls of tools. */
    private final AnswerReader reader;

    /** Ends the generation when it is set. */
    private final AtomicBoolean stopped;

    private volatile boolean cancelled;

    /**
     * A whole answer.
     *
     * @param thoughts what the model thought, if its template has thoughts; else empty
     * @param text the text, without the thoughts, the stop text and the calls
     * @param toolCalls the calls of tools, in their order. Each is valid JSON; {@link Conversation#hasTool} says whether there is
     *     such a function
     * @param finish {@code STOP} at the end of the text or a stop text, {@code LENGTH} after the most tokens
     * @param promptTokens the tokens of the conversation
     * @param tokens the new tokens, with those of the stop text
     * @param logProbabilities those of these tokens, if {@link GenerationOptions#withLogProbabilities} asked for them; else none
     */
    public record Whole(
            String thoughts,
            String text,
            List<ToolCall> toolCalls,
            Finish finish,
            int promptTokens,
            int tokens,
            List<LogProbabilities.OfToken> logProbabilities) {
        /**
         * Copies the lists.
         *
         * @param thoughts what the model thought
         * @param text the text
         * @param toolCalls the calls of tools
         * @param finish why it ended
         * @param promptTokens the tokens of the conversation
         * @param tokens the new tokens
         * @param logProbabilities those of the tokens, or none
         */
        public Whole {
            Objects.requireNonNull(thoughts, "thoughts must not be null");
            Objects.requireNonNull(text, "text must not be null");
            Objects.requireNonNull(toolCalls, "toolCalls must not be null");
            Objects.requireNonNull(finish, "finish must not be null");
            toolCalls = List.copyOf(toolCalls);
            logProbabilities =
                    List.copyOf(Objects.requireNonNull(logProbabilities, "logProbabilities must not be null"));
        }

        /**
         * Creates an answer without thoughts, calls of tools and log probabilities.
         *
         * @param text the text
         * @param finish why it ended
         * @param promptTokens the tokens of the conversation
         * @param tokens the new tokens
         */
        public Whole(String text, Finish finish, int promptTokens, int tokens) {
            this("", text, List.of(), finish, promptTokens, tokens, List.of());
        }
    }

    /**
     * Creates an answer that is read from a generation.
     *
     * @param handle the generation
     * @param stream makes text of its tokens
     * @param stops texts before which the answer ends
     * @param reader finds thoughts and calls of tools
     * @param stopped is set when the answer ends before the generation
     */
    public ChatAnswer(
            GenerationHandle handle, TokenStream stream, StopTexts stops, AnswerReader reader, AtomicBoolean stopped) {
        this.handle = handle;
        this.stream = stream;
        this.stops = stops;
        this.reader = reader;
        this.stopped = stopped;
    }

    /**
     * Calls what frees something when the generation has ended.
     *
     * @param action the action
     */
    public void onEnd(Runnable action) {
        Object unused = handle.result().whenComplete((result, failure) -> action.run());
    }

    /**
     * Hands over the text part by part, and waits for its end. Thoughts and calls of tools are in the whole answer.
     *
     * @param parts is given each part, never an empty one, by this thread; nothing more after {@link #cancel}. What it throws cancels
     *     the answer
     * @return the whole answer; empty if {@link #cancel} was called
     * @throws ServingException if the generation fails or somebody else cancels it
     * @throws java.util.concurrent.CancellationException if the thread is interrupted, which cancels the answer
     */
    public Optional<Whole> read(Consumer<String> parts) {
        Objects.requireNonNull(parts, "parts must not be null");
        return readParts(part -> {
            if (part instanceof AnswerPart.Text some) {
                parts.accept(some.text());
            }
        });
    }

    /**
     * Hands over thoughts, text and calls of tools part by part, and waits for the end.
     *
     * @param parts is given each part, as {@link #read} does
     * @return the whole answer; empty if {@link #cancel} was called
     * @throws ServingException as {@link #read}
     * @throws java.util.concurrent.CancellationException as {@link #read}
     */
    public Optional<Whole> readParts(Consumer<AnswerPart> parts) {
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

    private Optional<Whole> readAll(Consumer<AnswerPart> parts) {
        List<AnswerPart> all = new ArrayList<>();
        Consumer<List<AnswerPart>> sink = some -> {
            for (AnswerPart part : some) {
                if (!cancelled) {
                    all.add(part);
                    parts.accept(part);
                }
            }
        };
        int count = 0;
        for (Iterator<Integer> ids = handle.stream().iterator(); !cancelled && !stops.isFound() && ids.hasNext(); ) {
            count++;
            sink.accept(reader.add(stops.add(stream.add(ids.next()))));
        }
        if (stops.isFound()) {
            // The generation ends as one that was finished, not as one that was cancelled.
            stopped.set(true);
        } else if (!cancelled) {
            sink.accept(reader.add(stops.add(stream.end())));
            sink.accept(reader.add(stops.isFound() ? "" : stops.end()));
        }
        if (!cancelled) {
            sink.accept(reader.end());
        }
        if (cancelled) {
            return Optional.empty();
        }
        Generation generation = handle.join();
        if (generation.finish() == Finish.CANCELLED) {
            throw new ServingException(Reason.CANCELLED, "the request was cancelled", null);
        }
        Finish finish = stops.isFound() ? Finish.STOP : generation.finish();
        ToolAnswer answer = ToolAnswer.of(all);
        List<LogProbabilities.OfToken> ofTokens = generation.logProbabilities();
        return Optional.of(new Whole(
                answer.thoughts(),
                answer.text(),
                answer.calls(),
                finish,
                generation.promptTokens(),
                count,
                ofTokens.subList(0, Math.min(count, ofTokens.size()))));
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
