package org.lora4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingHandle;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.Iterator;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.Generation;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.text.StopTexts;
import org.lora4j.text.TokenStream;

/** An answer that is generated, as text. One thread reads it; any thread can cancel it. */
final class ChatReply implements StreamingHandle {
    private final String modelName;
    private final TokenStream stream;
    private final StopTexts stops;
    private final GenerationHandle handle;
    private final AtomicBoolean stopped;
    private volatile boolean cancelled;

    /**
     * Creates an answer.
     *
     * @param modelName the name that the response gives
     * @param stream decodes the tokens
     * @param stops the texts that end the answer
     * @param handle generates the tokens
     * @param stopped ends the generation when it is set
     */
    ChatReply(String modelName, TokenStream stream, StopTexts stops, GenerationHandle handle, AtomicBoolean stopped) {
        this.modelName = modelName;
        this.stream = stream;
        this.stops = stops;
        this.handle = handle;
        this.stopped = stopped;
    }

    /**
     * Hands over the text, and waits for its end.
     *
     * @param parts is given each part, never an empty one
     * @return the whole answer; null if it was cancelled by this object
     * @throws org.lora4j.serve.ServingException if the generation fails
     */
    @Nullable
    ChatResponse read(Consumer<String> parts) {
        boolean hasEnded = false;
        try {
            ChatResponse response = readAll(parts);
            hasEnded = true;
            return response;
        } finally {
            if (!hasEnded) {
                handle.cancel();
            }
        }
    }

    private @Nullable ChatResponse readAll(Consumer<String> parts) {
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
        Generation generation = cancelled ? null : handle.result().join();
        if (generation == null) {
            return null;
        }
        if (generation.finish() == Finish.CANCELLED) {
            throw new LangChain4jException("the request was cancelled");
        }
        boolean isWhole = stops.isFound() || generation.finish() == Finish.STOP;
        return ChatResponse.builder()
                .id("chat-" + UUID.randomUUID())
                .modelName(modelName)
                .aiMessage(AiMessage.from(text.toString()))
                .tokenUsage(new TokenUsage(generation.promptTokens(), count))
                .finishReason(isWhole ? FinishReason.STOP : FinishReason.LENGTH)
                .build();
    }

    /** Ends the answer. Its reader is given nothing more. */
    @Override
    public void cancel() {
        cancelled = true;
        handle.cancel();
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }
}
