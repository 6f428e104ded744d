package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The answer to a request: sent at once, or part by part. An IOException says that the client has gone. */
final class Answer {
    static final String JSON = "application/json";
    private static final int PART_BYTES = 64 << 10;

    static final String EVENTS = "text/event-stream; charset=utf-8";

    private final OpenRequest request;
    private final RequestUse use;
    private final AnswerMemory memory;
    private final Response response;
    private final Callback callback;
    private @Nullable OutputStream parts;

    /** Writes the event of an error. */
    private Function<ApiException, String> failure = e -> "data: " + e.json() + "\n\n";

    /**
     * Creates an answer that was not sent yet.
     *
     * @param use what the request uses
     * @param memory counts its bytes until the callback is told: those of {@link #grow}, and those of one that is sent as a whole
     */
    Answer(OpenRequest request, RequestUse use, AnswerMemory memory, Response response, Callback callback) {
        this.request = request;
        this.use = use;
        this.memory = memory;
        this.response = response;
        this.callback = callback;
    }

    /** What its request uses. */
    RequestUse use() {
        return use;
    }

    void header(String name, String value) {
        response.getHeaders().put(name, value);
    }

    /** Whether it is a stream of events that has begun, so the status was sent. */
    boolean isBegun() {
        return parts != null;
    }

    /**
     * Counts tokens whose log probabilities are kept in memory until the answer was sent.
     *
     * @param top how many of the most probable tokens each has
     * @throws ApiException if there is no room
     */
    void grow(int tokens, OptionalInt top) {
        if (tokens > 0) {
            memory.grow(request, AnswerToken.bytes(tokens, top)).forEach(OpenRequest::close);
        }
    }

    /** Sends an answer as a whole. No thread waits for the client. */
    void send(int status, String type, byte[] body) {
        if (request.end()) {
            memory.take(request, body.length).forEach(OpenRequest::close);
            response.setStatus(status);
            header(HttpHeader.CONTENT_TYPE.asString(), type);
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
            response.write(true, ByteBuffer.wrap(body), callback);
        }
    }

    /**
     * Sends a file. No thread waits for the client, and no memory is taken for more than a part of it.
     *
     * @param bytes its length
     */
    void file(String type, Path content, long bytes) {
        if (request.end(bytes)) {
            response.setStatus(200);
            header(HttpHeader.CONTENT_TYPE.asString(), type);
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes);
            ByteBufferPool pool = response.getRequest().getComponents().getByteBufferPool();
            Content.copy(
                    Content.Source.from(new ByteBufferPool.Sized(pool, false, PART_BYTES), content),
                    response,
                    callback);
        }
    }

    /** Sends a value. */
    void json(int status, JsonNode value) throws IOException {
        send(status, JSON, JsonBody.bytes(value));
    }

    /** Sends an error as a whole. */
    void error(ApiException e) {
        if (e.isTemporary()) {
            header("Retry-After", "1");
        }
        if (e.isLasting()) {
            header("x-should-retry", "false");
        }
        if (e.status() == 401) {
            header("WWW-Authenticate", "Bearer");
        }
        send(e.status(), JSON, e.json().toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Sets how an error is told once the events have begun. By default its JSON is the data of an event. */
    void onFailure(Function<ApiException, String> lines) {
        failure = lines;
    }

    /** Answers with an error. Where the status was sent, an event tells it. */
    void fail(ApiException e) throws IOException {
        if (isBegun()) {
            part(failure.apply(e));
            end();
        } else {
            error(e);
        }
    }

    /** Begins an answer of events, with the status 200. */
    void beginEvents() {
        header(HttpHeader.CONTENT_TYPE.asString(), EVENTS);
        header(HttpHeader.CACHE_CONTROL.asString(), "no-store");
        response.setStatus(200);
        parts = Content.Sink.asOutputStream(response);
    }

    /** Sends a part at once. */
    void part(String text) throws IOException {
        if (parts == null) {
            throw new IllegalStateException("an answer of parts must have begun, found none");
        }
        parts.write(text.getBytes(StandardCharsets.UTF_8));
        parts.flush();
    }

    /** Ends an answer of parts. */
    void end() throws IOException {
        if (parts != null && request.end()) {
            parts.close();
            callback.succeeded();
        }
    }

    /** Breaks the connection, so that the client sees that the answer is not whole. */
    void abort(Throwable why) {
        request.end();
        callback.failed(why);
    }
}
