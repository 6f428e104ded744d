package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.exc.StreamWriteException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MimeTypes;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.URIUtil;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.serve.ServingException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests. The threads of the HTTP server answer those without a body at once and never wait. A body is read as it comes; then
 * a thread of the model takes the request. So a busy model and slow clients keep nobody from asking for the health.
 */
final class RequestHandler extends Handler.Abstract {
    private static final Logger log = LoggerFactory.getLogger(RequestHandler.class);

    private static final String MODELS = "/v1/models";
    private static final String HEALTH = "/health";
    private static final String READY = "/health/ready";
    private static final String ALIVE = "/health/live";
    private static final String METRICS = "/metrics";
    private static final Set<String> TEXT_PATHS = Set.of(
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/responses",
            "/v1/embeddings",
            "/v1/classify",
            "/classify",
            "/v1/tag",
            "/v1/rerank",
            "/v2/rerank");

    private final ServedModel model;
    private final HostNames hosts;
    private final @Nullable ApiKeys keys;
    private final @Nullable Consumer<String> accessLog;
    private final ClientLimits limits = new ClientLimits(System::nanoTime);
    private final ServerHealth health;
    private final @Nullable ServedPage page;
    private final Connections connections;
    private final ActiveRequests active;
    private final Executor workers;
    private final Map<String, Endpoint> endpoints;
    private final ConcurrencyLimit places;
    private final BodyMemory memory;
    private final AnswerMemory unread = AnswerMemory.ofHeap();
    private final ServerMetrics metrics;

    RequestHandler(
            ServedModel model,
            HostNames hosts,
            ModelServer.Clients clients,
            Connections connections,
            ActiveRequests active,
            Executor workers) {
        this.model = model;
        this.hosts = hosts;
        keys = clients.keys();
        accessLog = clients.accessLog();
        health = ServerHealth.of(model);
        this.connections = connections;
        this.active = active;
        this.workers = workers;
        endpoints = ModelEndpoints.of(model);
        page = clients.page() ? new ServedPage(endpoints.keySet(), keys != null) : null;
        places = new ConcurrencyLimit(model.limits().requests());
        memory = BodyMemory.ofHeap(model.limits().bodyBytes());
        metrics = metrics();
    }

    private ServerMetrics metrics() {
        ServerMetrics created = new ServerMetrics(model::stats);
        created.gauge("lora.http.requests", null, "Requests of the model that are answered now", places::taken);
        created.gauge("lora.http.connections", null, "Connections that are open", connections::count);
        created.gauge("lora.http.body", "bytes", "Bodies of requests in memory", memory::taken);
        created.gauge(
                "lora.http.answer", "bytes", "Answers that are made, or that clients have not read yet", unread::taken);
        model.addTo(created);
        return created;
    }

    /** A request with its answer, and what it uses. */
    private record Call(OpenRequest open, Answer answer, RequestUse use) {}

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        boolean isAccepted = active.enter();
        OpenRequest open =
                new OpenRequest(request, Deadline.begin(model.limits().timeout()));
        connections.begin(open);
        RequestUse use = new RequestUse(limits);
        Callback atEnd = atEnd(open, isAccepted, () -> log(request, response, open, use), callback);
        Answer answer = new Answer(open, use, unread, response, atEnd);
        Endpoint endpoint = null;
        ApiException refusal = null;
        try {
            if (!isAccepted) {
                throw ApiException.busy("the server stops; ask another one");
            }
            hosts.require(request.getHeaders().get(HttpHeader.HOST));
            String path = String.valueOf(Request.getPathInContext(request));
            // The page asks for the key, which a browser does not send with an address.
            if (keys != null && !isHealth(path) && !isPage(path)) {
                use.client(keys.client(request.getHeaders().get(HttpHeader.AUTHORIZATION)));
            }
            endpoint = endpoint(path, request, answer);
            if (endpoint == null) {
                get(path, use.client().access(), answer);
                return true;
            }
            requireJson(request.getHeaders().get(HttpHeader.CONTENT_TYPE));
        } catch (ApiException e) {
            refusal = e;
        } catch (IOException | RuntimeException e) {
            log.error("a request could not be answered", e);
            refusal = ApiException.internal();
        }
        read(request, new Call(open, answer, use), endpoint, refusal);
        return true;
    }

    /** Returns what is told when an answer was sent, before the connection takes the next request. */
    private Callback atEnd(OpenRequest open, boolean isAccepted, Runnable log, Callback next) {
        return new Callback.Nested(next) {
            @Override
            public void succeeded() {
                end();
                super.succeeded();
            }

            @Override
            public void failed(Throwable why) {
                end();
                super.failed(why);
            }

            private void end() {
                log.run();
                unread.free(open);
                connections.end(open);
                if (isAccepted) {
                    active.leave();
                }
            }
        };
    }

    private void log(Request request, Response response, OpenRequest open, RequestUse use) {
        if (accessLog != null) {
            accessLog.accept(use.line(
                    request.getMethod(),
                    String.valueOf(Request.getPathInContext(request)),
                    response.getStatus(),
                    open.deadline().taken().toNanos()));
        }
    }

    private static boolean isHealth(String path) {
        return path.equals(HEALTH) || path.equals(READY) || path.equals(ALIVE);
    }

    /** Returns what answers a path with a body, or null for one without. */
    private @Nullable Endpoint endpoint(String path, Request request, Answer answer) {
        Endpoint endpoint = endpoints.get(path);
        if (endpoint == null && TEXT_PATHS.contains(path)) {
            throw ApiException.of(
                    404,
                    "unknown_url",
                    "the model must have " + path + ", found one with " + new TreeSet<>(endpoints.keySet()));
        }
        boolean isKnown = endpoint != null
                || path.startsWith(MODELS + "/")
                || isPage(path)
                || isHealth(path)
                || Set.of(MODELS, METRICS).contains(path);
        if (!isKnown) {
            throw ApiException.of(404, "unknown_url", "there is no " + MessageText.quote(path));
        }
        String method = endpoint == null ? "GET" : "POST";
        if (!request.getMethod().equals(method)) {
            answer.header("Allow", method);
            throw ApiException.of(
                    405,
                    "method_not_allowed",
                    "the method must be " + method + ", found " + MessageText.quote(request.getMethod()));
        }
        return endpoint;
    }

    /** A page in a browser can send other types to a server on the same machine without asking. */
    private static void requireJson(@Nullable String type) {
        String base = type == null ? "" : MimeTypes.getContentTypeWithoutCharset(type);
        String charset = type == null ? null : MimeTypes.getCharsetFromContentType(type);
        if (!base.equalsIgnoreCase(Answer.JSON) || (charset != null && !charset.equalsIgnoreCase("utf-8"))) {
            throw ApiException.of(
                    415,
                    "unsupported_media_type",
                    "Content-Type must be application/json, found "
                            + (type == null ? "none" : MessageText.quote(type)));
        }
    }

    private void read(Request request, Call call, @Nullable Endpoint endpoint, @Nullable ApiException refusal) {
        int most = model.limits().bodyBytes();
        IncomingBody body = new IncomingBody(request, most, memory, refusal, new IncomingBody.Receiver() {
            @Override
            public void whole(byte[] bytes, int counted) {
                call.open.reads(null);
                if (endpoint == null) {
                    throw new IllegalStateException("a request without an endpoint must be refused");
                }
                start(call, endpoint, bytes, counted);
            }

            @Override
            public void refused(ApiException why) {
                call.open.reads(null);
                call.answer.error(why);
            }
        });
        call.open.reads(body);
        body.read();
    }

    private void start(Call call, Endpoint endpoint, byte[] bytes, int counted) {
        TextBody body = new TextBody(bytes, () -> memory.free(counted));
        try {
            workers.execute(() -> work(call, endpoint, body));
        } catch (RejectedExecutionException e) {
            body.free();
            call.answer.error(ApiException.busy("the server stops; ask another one"));
        } catch (RuntimeException | Error e) {
            // There may be no native thread for it.
            log.error("a request could not be answered", e);
            body.free();
            call.answer.error(ApiException.internal());
        }
    }

    private void work(Call call, Endpoint endpoint, TextBody body) {
        call.open.workBegins();
        try {
            String name = body.model();
            call.use.client().access().require(name);
            model.requireServed(name);
            call.use.model(name);
            answer(call, endpoint, body, name);
            call.answer.end();
        } catch (ApiException e) {
            fail(call, e);
        } catch (ServingException e) {
            report(e);
            fail(call, ApiException.of(e));
        } catch (StreamWriteException e) {
            // Not the connection failed, but the writing of JSON.
            log.error("an answer could not be written", e);
            call.answer.abort(e);
        } catch (IOException e) {
            // The client has gone.
            call.answer.abort(e);
        } catch (RuntimeException | Error e) {
            if (e instanceof OutOfMemoryError) {
                health.outOfMemory();
            }
            if (!call.open.isGone()) {
                log.error("a request could not be answered", e);
            }
            fail(call, ApiException.internal());
        } finally {
            body.free();
            call.open.workEnds();
        }
    }

    private void answer(Call call, Endpoint endpoint, TextBody body, String name) throws IOException {
        limits.enter(call.use.client());
        try {
            places.enter(name);
            try {
                endpoint.answer(body, name, call.open.deadline(), call.answer);
            } finally {
                places.leave(name);
            }
        } finally {
            limits.leave(call.use.client());
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

    private static void fail(Call call, ApiException e) {
        try {
            call.answer.fail(e);
        } catch (IOException gone) {
            call.answer.abort(gone);
        }
    }

    private boolean isPage(String path) {
        return page != null && page.has(path);
    }

    private void get(String path, Access access, Answer answer) throws IOException {
        if (page != null && page.has(path)) {
            page.answer(path, answer);
        } else if (path.startsWith(MODELS + "/")) {
            one(URIUtil.decodePath(path.substring(MODELS.length() + 1)), access, answer);
        } else if (path.equals(MODELS)) {
            list(access, answer);
        } else if (isHealth(path)) {
            health(path.equals(ALIVE) ? health.notAlive() : health.notReady(), answer);
        } else {
            metrics(access, answer);
        }
    }

    private static void health(List<String> problems, Answer answer) throws IOException {
        ObjectNode node = JsonBody.MAPPER.createObjectNode().put("status", problems.isEmpty() ? "ok" : "failing");
        if (!problems.isEmpty()) {
            problems.forEach(node.putArray("problems")::add);
        }
        answer.json(problems.isEmpty() ? 200 : 503, node);
    }

    private ObjectNode described(String id, long seconds) {
        ObjectNode entry = entry(id, seconds);
        TaskFacts facts = model.facts(id);
        if (facts != null) {
            facts.addTo(entry);
        }
        return entry;
    }

    private static ObjectNode entry(String id, long seconds) {
        return JsonBody.MAPPER
                .createObjectNode()
                .put("id", id)
                .put("object", "model")
                .put("created", seconds)
                .put("owned_by", "lora4j");
    }

    private void list(Access access, Answer answer) throws IOException {
        ObjectNode node = JsonBody.MAPPER.createObjectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        model.names().forEach((id, seconds) -> {
            if (access.may(id)) {
                data.add(described(id, seconds));
            }
        });
        answer.json(200, node);
    }

    private void one(String id, Access access, Answer answer) throws IOException {
        access.require(id);
        Long seconds = model.names().get(id);
        if (seconds == null) {
            throw ApiException.unknownModel(id);
        }
        answer.json(200, described(id, seconds));
    }

    private void metrics(Access access, Answer answer) {
        if (!access.all()) {
            throw ApiException.of(
                    403, "not_allowed", "the key must be one for all adapters, because the figures name all of them");
        }
        answer.send(200, ServerMetrics.TYPE, metrics.text());
    }
}
