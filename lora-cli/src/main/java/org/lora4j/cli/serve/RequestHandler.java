package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.exc.StreamWriteException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.lora4j.serve.ServingException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests. The threads of the HTTP server answer those without a body at once and never wait. A body is read as it comes; then
 * a thread of the model takes the request. So a busy model and slow clients keep nobody from asking for the health.
 */
final class RequestHandler extends Handler.Abstract {
    private static final Logger log = LoggerFactory.getLogger(RequestHandler.class);

    private static final List<String> TEXT_PATHS = List.of(
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/responses",
            "/v1/embeddings",
            "/v1/classify",
            "/classify",
            "/v1/tag",
            "/v1/rerank",
            "/v2/rerank");

    private static final List<String> TRAINING_PATHS =
            List.of("/v1/files", "/v1/fine_tuning", "/v1/load_lora_adapter", "/v1/unload_lora_adapter");

    private static final String NO_TRAINING = "this server must be started with --train for that, found one without";

    private final ServedModel model;
    private final HostNames hosts;
    private final OwnPages pages;
    private final @Nullable ApiKeys keys;
    private final @Nullable Consumer<String> accessLog;
    private final ClientLimits limits = new ClientLimits(System::nanoTime);
    private final ServerHealth health;
    private final Connections connections;
    private final ActiveRequests active;
    private final Executor workers;
    private final ServedNames names;
    private final ModelRequests requests;
    private final BodyMemory memory;
    private final AnswerMemory unread = AnswerMemory.ofHeap();
    private final ServerMetrics metrics;
    private final Router router = new Router();

    RequestHandler(
            ServedModel model,
            HostNames hosts,
            ModelServer.Clients clients,
            Connections connections,
            ActiveRequests active,
            Executor workers,
            @Nullable ServedJobs jobs) {
        this.model = model;
        this.hosts = hosts;
        pages = new OwnPages(clients.origins());
        keys = clients.keys();
        accessLog = clients.accessLog();
        health = ServerHealth.of(model);
        this.connections = connections;
        this.active = active;
        this.workers = workers;
        names = new ServedNames(model, jobs == null ? null : jobs.trainings());
        requests = new ModelRequests(names, limits, model.places());
        memory = BodyMemory.ofHeap(model.limits().bodyBytes());
        metrics = metrics();
        addRoutes(clients.page(), jobs != null);
        if (jobs == null) {
            TRAINING_PATHS.forEach(path -> router.absent(path, NO_TRAINING));
        } else {
            jobs.addTo(router, names, active::isClosed);
            jobs.addTo(metrics);
        }
    }

    private void addRoutes(boolean hasPage, boolean trains) {
        Map<String, Endpoint> endpoints = ModelEndpoints.of(model);
        endpoints.forEach((path, endpoint) -> router.add("POST", path, requests.of(endpoint)));
        String found = "found one with " + new TreeSet<>(endpoints.keySet());
        TEXT_PATHS.forEach(path -> router.absent(path, "the model must have " + path + ", " + found));
        new ModelList(model, names).addTo(router);
        health.addTo(router);
        router.add("GET", "/metrics", (Action.AtOnce) this::metrics);
        if (hasPage) {
            // The page asks for the key, which a browser does not send with an address.
            new ServedPage(endpoints.keySet(), keys != null, trains).addTo(router);
        }
    }

    private ServerMetrics metrics() {
        ServerMetrics created = new ServerMetrics(model::stats);
        created.gauge("lora.http.requests", null, "Requests of the model that are answered now", requests::running);
        created.gauge("lora.http.connections", null, "Connections that are open", connections::count);
        created.gauge("lora.http.body", "bytes", "Bodies of requests in memory", memory::taken);
        created.gauge(
                "lora.http.answer", "bytes", "Answers that are made, or that clients have not read yet", unread::taken);
        model.addTo(created);
        return created;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        boolean isAccepted = active.enter();
        OpenRequest open =
                new OpenRequest(request, Deadline.begin(model.limits().timeout()));
        connections.begin(open);
        RequestUse use = new RequestUse(limits);
        Callback atEnd = atEnd(open, isAccepted, () -> log(request, response, open, use), callback);
        Answer answer = new Answer(open, use, unread, response, atEnd);
        try {
            if (!isAccepted) {
                throw ApiException.busy("the server stops; ask another one");
            }
            begin(request, open, answer);
        } catch (ApiException e) {
            refuse(request, open, answer, e);
        } catch (IOException | RuntimeException e) {
            log.error("a request could not be answered", e);
            refuse(request, open, answer, ApiException.internal());
        }
        return true;
    }

    private void begin(Request request, OpenRequest open, Answer answer) throws IOException {
        HttpFields headers = request.getHeaders();
        hosts.require(headers.get(HttpHeader.HOST));
        String path = String.valueOf(Request.getPathInContext(request));
        if (keys != null && router.needsKey(path)) {
            answer.use().client(keys.client(headers.get(HttpHeader.AUTHORIZATION)));
        }
        Router.Found found = router.find(request.getMethod(), path, answer::header);
        Call call = new Call(open, answer, answer.use(), found.values(), Query.of(request));
        if (found.action() instanceof Action.AtOnce action) {
            action.answer(call);
        } else if (found.action() instanceof Action.OfJson action) {
            ContentTypes.requireJson(headers);
            read(request, call, action.work());
        } else if (found.action() instanceof Action.OfPath action) {
            if (request.getMethod().equals("POST")) {
                pages.require(headers);
            }
            read(request, call, action.work());
        } else if (found.action() instanceof Action.OfUpload action) {
            pages.require(headers);
            upload(request, call, ContentTypes.requireBoundary(headers), action);
        }
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

    /** Reads the body of a request that is refused. */
    private void refuse(Request request, OpenRequest open, Answer answer, ApiException why) {
        read(open, new MemoryBody(request, 0, memory, why, new MemoryBody.Receiver() {
            @Override
            public void whole(byte[] bytes, int counted) {
                throw new IllegalStateException("a body that is refused must not be kept");
            }

            @Override
            public void refused(ApiException first) {
                open.reads(null);
                answer.error(first);
            }
        }));
    }

    private static void read(OpenRequest open, IncomingBody body) {
        open.reads(body);
        body.read();
    }

    private void read(Request request, Call call, Action.Work work) {
        int most = model.limits().bodyBytes();
        read(call.open(), new MemoryBody(request, most, memory, null, new MemoryBody.Receiver() {
            @Override
            public void whole(byte[] bytes, int counted) {
                call.open().reads(null);
                TextBody body = new TextBody(bytes, () -> memory.free(counted));
                start(call, () -> work.answer(call, body), body::free);
            }

            @Override
            public void refused(ApiException why) {
                call.open().reads(null);
                call.answer().error(why);
            }
        }));
    }

    private void upload(Request request, Call call, String boundary, Action.OfUpload action) throws IOException {
        UploadForm form = action.beginning().begin(call);
        Runnable atWhole = () -> {
            call.open().reads(null);
            start(call, () -> action.ending().end(call, form), form::close);
        };
        read(call.open(), new UploadBody(request, boundary, action.most(), form, atWhole, why -> {
            call.open().reads(null);
            call.answer().error(why);
        }));
    }

    /** What a thread does for a request. */
    @FunctionalInterface
    private interface Job {
        void run() throws IOException;
    }

    /**
     * Lets a thread work for a request.
     *
     * @param atEnd called once at the end, also if there is no thread
     */
    private void start(Call call, Job job, Runnable atEnd) {
        try {
            workers.execute(() -> work(call, job, atEnd));
        } catch (RejectedExecutionException e) {
            atEnd.run();
            call.answer().error(ApiException.busy("the server stops; ask another one"));
        } catch (RuntimeException | Error e) {
            // There may be no native thread for it.
            log.error("a request could not be answered", e);
            atEnd.run();
            call.answer().error(ApiException.internal());
        }
    }

    private void work(Call call, Job job, Runnable atEnd) {
        call.open().workBegins();
        try {
            job.run();
            call.answer().end();
        } catch (ApiException e) {
            fail(call, e);
        } catch (ServingException e) {
            report(e);
            fail(call, ApiException.of(e));
        } catch (StreamWriteException e) {
            // Not the connection failed, but the writing of JSON.
            log.error("an answer could not be written", e);
            call.answer().abort(e);
        } catch (IOException e) {
            // The client has gone.
            call.answer().abort(e);
        } catch (RuntimeException | Error e) {
            if (e instanceof OutOfMemoryError) {
                health.outOfMemory();
            }
            if (!call.open().isGone()) {
                log.error("a request could not be answered", e);
            }
            fail(call, ApiException.internal());
        } finally {
            atEnd.run();
            call.open().workEnds();
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
            call.answer().fail(e);
        } catch (IOException gone) {
            call.answer().abort(gone);
        }
    }

    private void metrics(Call call) {
        if (!call.client().access().all()) {
            throw ApiException.of(
                    403, "not_allowed", "the key must be one for all adapters, because the figures name all of them");
        }
        call.answer().send(200, ServerMetrics.TYPE, metrics.text());
    }
}
