package org.lora4j.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.lora4j.fixtures.Patience;

/** What the handler of a streaming call was given. */
class Received implements StreamingChatResponseHandler {
    private final List<String> parts = new CopyOnWriteArrayList<>();
    private final List<Throwable> errors = new CopyOnWriteArrayList<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<ChatResponse> response = new CompletableFuture<>();
    private final CompletableFuture<Throwable> error = new CompletableFuture<>();

    /** Waits for the whole answer of a streaming call. */
    static ChatResponse of(StreamingChatModel model, ChatRequest request) throws Exception {
        Received received = new Received();
        model.chat(request, received);
        return received.response();
    }

    @Override
    public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
        threads.add(Thread.currentThread());
        parts.add(part.text());
    }

    @Override
    public void onCompleteResponse(ChatResponse whole) {
        threads.add(Thread.currentThread());
        response.complete(whole);
    }

    @Override
    public void onError(Throwable failure) {
        threads.add(Thread.currentThread());
        errors.add(failure);
        error.complete(failure);
    }

    ChatResponse response() throws InterruptedException, ExecutionException, TimeoutException {
        return Patience.get(response);
    }

    Throwable error() throws InterruptedException, ExecutionException, TimeoutException {
        return Patience.get(error);
    }

    List<String> parts() {
        return parts;
    }

    List<Throwable> errors() {
        return errors;
    }

    Set<Thread> threads() {
        return threads;
    }

    boolean isWhole() {
        return response.isDone();
    }

    int calls() {
        return parts.size() + errors.size() + (isWhole() ? 1 : 0);
    }
}
