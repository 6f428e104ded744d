package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The answer to a request: sent at once, or part by part. An IOException says that the client has gone. */
final class Answer {
    static final String JSON = "application/json";
    static final String EVENTS = "text/event-stream; charset=utf-8";

    private final HttpExchange exchange;
    private @Nullable OutputStream parts;
    private boolean hasEvents;

    Answer(HttpExchange exchange) {
        this.exchange = exchange;
    }

    void header(String name, String value) {
        exchange.getResponseHeaders().set(name, value);
    }

    /** Whether the status has been sent. */
    boolean isBegun() {
        return parts != null;
    }

    /** Whether it is a stream of events that has begun. */
    boolean hasEvents() {
        return hasEvents;
    }

    /** Sends an answer as a whole. */
    void send(int status, String type, byte[] body) throws IOException {
        header("Content-Type", type);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    /** Sends a value, or ends an answer of parts with it. */
    void json(int status, JsonNode value) throws IOException {
        byte[] body = JsonBody.bytes(value);
        if (parts == null) {
            send(status, JSON, body);
        } else {
            part(body);
            end();
        }
    }

    /** Begins an answer of parts, with the status 200. */
    void begin(String type) throws IOException {
        header("Content-Type", type);
        header("Cache-Control", "no-store");
        exchange.sendResponseHeaders(200, 0);
        parts = exchange.getResponseBody();
        hasEvents = type.equals(EVENTS);
    }

    /** Sends a part at once. */
    void part(String text) throws IOException {
        part(text.getBytes(StandardCharsets.UTF_8));
    }

    private void part(byte[] bytes) throws IOException {
        if (parts == null) {
            throw new IllegalStateException("an answer of parts must have begun, found none");
        }
        parts.write(bytes);
        parts.flush();
    }

    /** Sends an event. */
    void event(String data) throws IOException {
        part("data: " + data + "\n\n");
    }

    /** Ends an answer of parts. */
    void end() throws IOException {
        if (parts != null) {
            parts.close();
        }
    }
}
