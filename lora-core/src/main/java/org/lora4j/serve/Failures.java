package org.lora4j.serve;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.serve.ServingException.Reason;

/** The failures of requests: a text for the client, and a cause for the operator. */
final class Failures {
    private Failures() {}

    static ServingException unknown(String adapter, @Nullable Throwable cause) {
        return new ServingException(Reason.UNKNOWN_ADAPTER, "there is no adapter " + MessageText.quote(adapter), cause);
    }

    /** The base is asked for and not served. To the client it looks like an adapter that is not there. */
    static ServingException baseNotServed(String adapter) {
        return unknown(
                adapter,
                new IllegalStateException(
                        "the base is served without an adapter only if the service allows it, found a" + " request for "
                                + MessageText.quote(adapter) + "; set allowBase(true) if clients may use the base"));
    }

    static ServingException unavailable(String adapter, Throwable cause) {
        return new ServingException(
                Reason.ADAPTER_UNAVAILABLE,
                "the adapter " + MessageText.quote(adapter) + " is not available now; try again later",
                cause);
    }

    static ServingException invalidInput(LayerStack model, Throwable cause) {
        String expected = model.takesSequences()
                ? "sequences of tokens below " + model.inputSize() + ", not longer than it has positions for"
                : "rows of " + model.inputSize() + " numbers of the type " + model.dataType();
        return new ServingException(
                Reason.INVALID_INPUT, "the input does not fit the model, which takes " + expected, cause);
    }

    /** The adapter is there, but for embeddings, classes or scores of the same transformer. */
    static ServingException generatesNothing(String adapter, Throwable cause) {
        return new ServingException(
                Reason.INVALID_INPUT, "the adapter " + MessageText.quote(adapter) + " generates no text", cause);
    }

    static ServingException late() {
        return new ServingException(Reason.LATE, "the time of the request was over before it was computed", null);
    }

    static ServingException cancelled() {
        return new ServingException(Reason.CANCELLED, "the request was cancelled", null);
    }

    static ServingException closed() {
        return new ServingException(Reason.CLOSED, "the service is closed; no request is accepted any more", null);
    }

    static ServingException internal(Throwable cause) {
        return new ServingException(Reason.INTERNAL, "the request could not be computed", cause);
    }

    /** The text for the operator: that of the exception whose text is not for the client. */
    static String describe(Throwable failure) {
        Throwable told =
                failure instanceof ServingException && failure.getCause() != null ? failure.getCause() : failure;
        return MessageText.line(told.getMessage() == null ? told.toString() : told.getMessage());
    }
}
