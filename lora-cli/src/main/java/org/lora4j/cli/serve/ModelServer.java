package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lora4j.serve.ServingException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server in the form of OpenAI's API, for one model and its adapters. The field {@code model} of a request names the adapter.
 *
 * <p>Messages of errors are for the client. What an operator needs to know is in the log.
 */
public final class ModelServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ModelServer.class);

    private static final String MODELS = "/v1/models";
    private static final String HEALTH = "/health";
    private static final String METRICS = "/metrics";
    private static final Set<String> TEXT_PATHS = Set.of("/v1/chat/completions", "/v1/completions", "/v1/embeddings");

    /** Threads beside those of the requests of the model, so that the health of a busy server can be asked for. */
    private static final int MORE_THREADS = 8;

    private static final int IDLE_SECONDS = 30;
    private static final long CANCEL_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** So much of a body that is too large is read, because a client that still sends sees no answer. */
    private static final long DRAINED_BYTES = 32L << 20;

    private final ServedModel model;
    private final ServeLimits limits;
    private final Map<String, Endpoint> endpoints;
    private final HttpServer server;
    private final ThreadPoolExecutor threads;
    private final Places places;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Object lock = new Object();
    private int active;
    private boolean closing;

    private ModelServer(InetSocketAddress address, ServedModel model) throws IOException {
        this.model = model;
        limits = model.limits();
        endpoints = model.endpoints();
        places = new Places(limits.requests());
        server = HttpServer.create(address, 0);
        int most = limits.requests() + MORE_THREADS;
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                most, most, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lora-http-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
    }

    /**
     * Starts a server.
     *
     * @param address where it listens; the port 0 for any that is free
     * @param model the model, which stays open when the server is closed
     * @return the server, which answers requests
     * @throws IOException if the address cannot be used
     */
    public static ModelServer start(InetSocketAddress address, ServedModel model) throws IOException {
        ModelServer started;
        try {
            started = new ModelServer(address, model);
        } catch (IOException e) {
            throw new IOException(
                    "the server must have an address that is free and belongs to this machine, found "
                            + address.getHostString() + ":" + address.getPort() + ": " + e.getMessage()
                            + "; give another --port or"
                            + " --host",
                    e);
        }
        started.server.start();
        return started;
    }

    /**
     * Returns where the server listens.
     *
     * @return the address, with the port
     */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    /**
     * Waits until the server is closed.
     *
     * @throws InterruptedException if the thread is interrupted
     */
    public void awaitClose() throws InterruptedException {
        closed.await();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Answer answer = new Answer(exchange);
        boolean isAccepted = enter();
        try {
            if (isAccepted) {
                route(exchange, answer);
            } else {
                fail(answer, ApiException.busy("the server stops; ask another one"));
            }
            answer.end();
        } catch (ApiException e) {
            fail(answer, e);
        } catch (ServingException e) {
            report(e);
            fail(answer, ApiException.of(e));
        } catch (RuntimeException | Error e) {
            log.error("a request could not be answered", e);
            fail(answer, ApiException.internal());
        } finally {
            if (isAccepted) {
                leave();
            }
        }
    }

    private static void report(ServingException e) {
        switch (e.reason()) {
            case INTERNAL -> log.error("a request failed: {}", e.getMessage(), e.getCause());
            case ADAPTER_UNAVAILABLE -> log.warn("a request failed: {}: {}", e.getMessage(), causes(e.getCause()));
            default -> log.debug("a request was not served: {}: {}", e.getMessage(), causes(e.getCause()));
        }
    }

    /** The messages of the causes, each once: many a message has that of its cause already. */
    private static String causes(@Nullable Throwable failure) {
        String text = "";
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (!text.contains(message)) {
                text += (text.isEmpty() ? "" : ": ") + message;
            }
        }
        return text;
    }

    /** Answers with an error. Where the status is sent already, an event tells it, or the connection breaks. */
    private static void fail(Answer answer, ApiException e) throws IOException {
        if (answer.hasEvents()) {
            answer.event(e.json().toString());
            answer.end();
        } else if (answer.isBegun()) {
            // The server of the JDK closes the connection, so the client sees that the answer is not whole.
            throw new IOException("an answer that has begun failed: " + e.getMessage(), e);
        } else {
            if (e.isTemporary()) {
                answer.header("Retry-After", "1");
            }
            answer.json(e.status(), e.json());
        }
    }

    private void route(HttpExchange exchange, Answer answer) throws IOException {
        String path = exchange.getRequestURI().getPath();
        Endpoint endpoint = endpoints.get(path);
        if (endpoint != null) {
            requireMethod("POST", exchange, answer);
            ask(endpoint, exchange, answer);
            return;
        }
        if (TEXT_PATHS.contains(path)) {
            throw ApiException.of(
                    404,
                    "unknown_url",
                    "the model must have " + path + ", found one with " + new TreeSet<>(endpoints.keySet()));
        }
        boolean isModel = path.startsWith(MODELS + "/");
        if (!isModel && !Set.of(MODELS, HEALTH, METRICS).contains(path)) {
            throw ApiException.of(404, "unknown_url", "there is no " + Text.quote(path));
        }
        requireMethod("GET", exchange, answer);
        if (isModel) {
            one(path.substring(MODELS.length() + 1), answer);
        } else if (path.equals(MODELS)) {
            list(answer);
        } else if (path.equals(HEALTH)) {
            answer.json(200, JsonBody.MAPPER.createObjectNode().put("status", "ok"));
        } else {
            metrics(answer);
        }
    }

    private static void requireMethod(String method, HttpExchange exchange, Answer answer) {
        if (!exchange.getRequestMethod().equals(method)) {
            answer.header("Allow", method);
            throw ApiException.of(
                    405,
                    "method_not_allowed",
                    "the method must be " + method + ", found " + Text.quote(exchange.getRequestMethod()));
        }
    }

    private void ask(Endpoint endpoint, HttpExchange exchange, Answer answer) throws IOException {
        JsonBody body = JsonBody.parse(read(exchange), endpoint.rules());
        String name = body.text("model");
        places.enter(name);
        try {
            endpoint.answer(body, answer);
        } finally {
            places.leave(name);
        }
    }

    private byte[] read(HttpExchange exchange) throws IOException {
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        InputStream in = exchange.getRequestBody();
        byte[] body = in.readNBytes(limits.bodyBytes() + 1);
        if (body.length > limits.bodyBytes()) {
            drain(in);
            throw ApiException.of(
                    413, "body_too_large", "the body must have at most " + limits.bodyBytes() + " bytes, found more");
        }
        // A page in a browser can send other types to a server on the same machine without asking.
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith(Answer.JSON)) {
            throw ApiException.of(
                    415,
                    "unsupported_media_type",
                    "Content-Type must be application/json, found " + (type == null ? "none" : Text.quote(type)));
        }
        return body;
    }

    private static void drain(InputStream in) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long left = DRAINED_BYTES;
        for (int n = in.read(buffer); n >= 0 && left > 0; n = in.read(buffer)) {
            left -= n;
        }
    }

    private static ObjectNode entry(String id, long seconds) {
        return JsonBody.MAPPER
                .createObjectNode()
                .put("id", id)
                .put("object", "model")
                .put("created", seconds)
                .put("owned_by", "lora4j");
    }

    private Map<String, Long> names() {
        try {
            return model.names();
        } catch (IOException e) {
            log.error("the folder of the adapters could not be read", e);
            throw ApiException.internal();
        }
    }

    private void list(Answer answer) throws IOException {
        ObjectNode node = JsonBody.MAPPER.createObjectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        names().forEach((id, seconds) -> data.add(entry(id, seconds)));
        answer.json(200, node);
    }

    private void one(String id, Answer answer) throws IOException {
        Long seconds = names().get(id);
        if (seconds == null) {
            throw ApiException.unknownModel(id);
        }
        answer.json(200, entry(id, seconds));
    }

    private void metrics(Answer answer) throws IOException {
        MetricsText text = new MetricsText();
        text.add(model.stats());
        text.gauge("lora_http_requests", "Requests of the model that are answered now.", places.taken());
        model.addTo(text);
        answer.send(200, MetricsText.TYPE, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private boolean enter() {
        synchronized (lock) {
            if (!closing) {
                active++;
            }
            return !closing;
        }
    }

    private void leave() {
        synchronized (lock) {
            active--;
            lock.notifyAll();
        }
    }

    /** Waits until no request is answered. Returns whether this is so. */
    private boolean awaitEnd(long nanos) {
        long end = System.nanoTime() + nanos;
        boolean interrupted = false;
        synchronized (lock) {
            for (long left = nanos; active > 0 && left > 0 && !interrupted; left = end - System.nanoTime()) {
                try {
                    TimeUnit.NANOSECONDS.timedWait(lock, left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return active == 0;
        }
    }

    /**
     * Refuses further requests, lets those that run end, ends them by force if they take longer than the limits say, and frees
     * the port. A second call has no effect. An interrupt ends the wait.
     */
    @Override
    public void close() {
        synchronized (lock) {
            if (closing) {
                return;
            }
            closing = true;
        }
        if (!awaitEnd(limits.grace().toNanos())) {
            log.warn("the server stops before all requests are answered");
            model.cancelAll();
            awaitEnd(CANCEL_NANOS);
        }
        server.stop(0);
        threads.shutdown();
        closed.countDown();
    }
}
