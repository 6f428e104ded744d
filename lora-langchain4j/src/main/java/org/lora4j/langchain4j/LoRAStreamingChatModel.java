package org.lora4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import org.lora4j.text.chat.ChatAnswer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link StreamingChatModel} of LangChain4j, which shares the weights, the adapters and the parameters of a {@link LoRAChatModel}.
 *
 * <pre>{@code
 * LoRAChatModel model = LoRAChatModel.builder(folder).adapter("support", adapter).build();
 * StreamingChatModel streaming = model.streaming();
 * }</pre>
 *
 * <p>The handler is called by one thread of its own at a time. What it throws goes to its {@code onError}, and the answer goes on, as
 * LangChain4j has it. After {@code context.streamingHandle().cancel()} it is not called again. A call throws {@code
 * UnsupportedFeatureException}, and gives all other failures to its handler.
 *
 * <p>{@link LoRAChatModel#close} closes it. Any number of threads can use it.
 */
public final class LoRAStreamingChatModel implements StreamingChatModel {
    private static final Logger LOG = LoggerFactory.getLogger(LoRAStreamingChatModel.class);

    private final LoRAChatModel model;
    private final Executor executor;
    private final ActiveCalls calls;

    LoRAStreamingChatModel(LoRAChatModel model, Executor executor, ActiveCalls calls) {
        this.model = model;
        this.executor = executor;
        this.calls = calls;
    }

    /**
     * Answers messages part by part.
     *
     * @param request the messages and the parameters
     * @param handler is given each part, and the whole answer or what failed
     * @throws dev.langchain4j.exception.UnsupportedFeatureException if the request has what this model does not compute
     */
    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Objects.requireNonNull(request, "request must not be null");
        Objects.requireNonNull(handler, "handler must not be null");
        ChatRequestParameters parameters = model.supported(request);
        ChatAnswer answer;
        calls.begin();
        try {
            answer = model.start(request, parameters);
        } catch (RuntimeException e) {
            calls.end();
            executor.execute(() -> fail(handler, ChatFailures.of(e)));
            return;
        } catch (Error e) {
            calls.end();
            throw e;
        }
        try {
            executor.execute(() -> calls.run(() -> stream(answer, parameters, handler)));
        } catch (RuntimeException | Error e) {
            // There may be no native thread for it.
            calls.end();
            answer.cancel();
            throw e;
        }
    }

    private static void stream(
            ChatAnswer answer, ChatRequestParameters parameters, StreamingChatResponseHandler handler) {
        StreamedParts parts = new StreamedParts(handler, new StreamingHandle() {
            @Override
            public void cancel() {
                answer.cancel();
            }

            @Override
            public boolean isCancelled() {
                return answer.isCancelled();
            }
        });
        Optional<ChatAnswer.Whole> whole;
        try {
            whole = answer.readParts(part -> call(handler, () -> parts.accept(part)));
        } catch (RuntimeException e) {
            fail(handler, ChatFailures.of(e));
            return;
        }
        whole.ifPresent(all -> call(
                handler, () -> handler.onCompleteResponse(LoRAChatModel.response(parameters, all, parts.requests()))));
    }

    private static void call(StreamingChatResponseHandler handler, Runnable callback) {
        try {
            callback.run();
        } catch (Throwable e) {
            // A handler in another language can throw anything.
            fail(handler, e);
        }
    }

    private static void fail(StreamingChatResponseHandler handler, Throwable failure) {
        try {
            handler.onError(failure);
        } catch (Throwable e) {
            LOG.warn("onError of a handler must not throw, found an exception, which is ignored", e);
        }
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return model.defaultRequestParameters();
    }

    @Override
    public List<ChatModelListener> listeners() {
        return model.listeners();
    }

    @Override
    public ModelProvider provider() {
        return model.provider();
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return model.supportedCapabilities();
    }

    @Override
    public String toString() {
        return "LoRAStreamingChatModel[" + model.defaultRequestParameters().modelName() + "]";
    }
}
