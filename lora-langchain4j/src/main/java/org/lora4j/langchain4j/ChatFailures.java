package org.lora4j.langchain4j;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import org.lora4j.serve.ServingException;

/** The failures of a {@link org.lora4j.serve.GenerationService} as LangChain4j's exceptions. The messages stay: they are for clients. */
final class ChatFailures {
    private ChatFailures() {}

    /** Returns what a caller of LangChain4j expects. */
    static RuntimeException of(RuntimeException failure) {
        return failure instanceof ServingException serving ? of(serving) : failure;
    }

    private static RuntimeException of(ServingException failure) {
        String message = failure.getMessage();
        return switch (failure.reason()) {
            case UNKNOWN_ADAPTER -> new ModelNotFoundException(message, failure);
            case INVALID_INPUT -> new InvalidRequestException(message, failure);
            case ADAPTER_BUSY, SERVICE_BUSY -> new RateLimitException(message, failure);
            case LATE -> new TimeoutException(message, failure);
            case ADAPTER_UNAVAILABLE, INTERNAL -> new InternalServerException(message, failure);
            case CANCELLED -> new LangChain4jException(message, failure);
            case CLOSED ->
                new IllegalStateException(
                        "the model must not be closed, found one that was closed; build it again", failure);
        };
    }
}
