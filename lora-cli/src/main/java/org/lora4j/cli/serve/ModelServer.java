package org.lora4j.cli.serve;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.CrossOriginHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server in the form of OpenAI's API, for one model and its adapters. The field {@code model} of a request names the adapter.
 *
 * <p>Messages of errors are for the client. What an operator needs to know is in the log.
 */
public final class ModelServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ModelServer.class);

    /** Threads that never wait. */
    private static final int HTTP_THREADS = 16;

    /** Threads beside those of the requests of the model, to refuse further ones. */
    private static final int MORE_THREADS = 8;

    private static final String ANY_ORIGIN = "*";

    private static final int IDLE_SECONDS = 30;
    private static final long CANCEL_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ServedModel model;
    private final InetSocketAddress asked;
    private final Server server;
    private final ServerConnector connector;
    private final Connections connections;
    private final ThreadPoolExecutor workers;
    private final ActiveRequests active = new ActiveRequests();
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * Who may ask.
     *
     * @param hosts further names of the server that a request may give
     * @param origins the origins of the pages whose scripts may read answers, such as {@code https://app.example}; or {@code *}
     * @param keys the keys of the clients; null if none are needed
     * @param page whether people may ask with a page of this server
     * @param accessLog receives a line for each request; null for none
     */
    public record Clients(
            Set<String> hosts,
            Set<String> origins,
            @Nullable ApiKeys keys,
            boolean page,
            @Nullable Consumer<String> accessLog) {
        /**
         * Copies the names.
         *
         * @param hosts the names
         * @param origins the origins
         * @param keys the keys
         * @param page whether there is a page
         * @param accessLog receives the lines
         */
        public Clients {
            hosts = Set.copyOf(hosts);
            origins = Set.copyOf(origins);
        }
    }

    private ModelServer(InetSocketAddress address, Clients clients, ServedModel model, @Nullable ServedJobs jobs) {
        this.model = model;
        asked = address;
        ServeLimits limits = model.limits();
        connections = new Connections(limits.connections());
        workers = newWorkers(limits.requests() + MORE_THREADS);
        QueuedThreadPool threads = new QueuedThreadPool(HTTP_THREADS);
        threads.setName("lora-http");
        threads.setDaemon(true);
        server = new Server(threads);
        // It has waited before.
        server.setStopTimeout(0);
        server.setErrorHandler(new ErrorAnswers());
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        // The name of an adapter may have a %.
        http.setUriCompliance(UriCompliance.DEFAULT.with("LORA", UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING));
        connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setHost(address.getHostString());
        connector.setPort(address.getPort());
        // The times of clients are those of Connections and of each request.
        connector.setIdleTimeout(0);
        connector.setAcceptQueueSize(limits.connections());
        connector.addBean(connections);
        server.addConnector(connector);
        HostNames hosts = new HostNames(address.getAddress(), clients.hosts);
        Handler handler = new RequestHandler(model, hosts, clients, connections, active, workers, jobs);
        server.setHandler(clients.origins.isEmpty() ? handler : forPages(clients.origins, handler));
    }

    /** Lets scripts of pages read the answers. They may send a key of their own, but no cookies, which this server does not have. */
    private static Handler forPages(Set<String> origins, Handler handler) {
        CrossOriginHandler pages = new CrossOriginHandler();
        pages.setAllowedOriginPatterns(origins.stream()
                .map(origin -> origin.equals(ANY_ORIGIN) ? origin : Pattern.quote(origin))
                .collect(Collectors.toSet()));
        pages.setAllowedMethods(Set.of("GET", "POST", "DELETE"));
        // The star stands for all but this one.
        pages.setAllowedHeaders(Set.of("*", "Authorization"));
        pages.setExposedHeaders(
                Set.of(AdapterHeaders.NAME, AdapterHeaders.FINGERPRINT, AnnotationsHeader.NAME, "Retry-After"));
        pages.setAllowCredentials(false);
        pages.setHandler(handler);
        return pages;
    }

    private static ThreadPoolExecutor newWorkers(int most) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                most, most, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lora-request-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    /**
     * Starts a server.
     *
     * @param address where it listens; the port 0 for any that is free
     * @param clients who may ask
     * @param model the model, which stays open when the server is closed
     * @param jobs what it trains with, which stays open too; null for a server that trains nothing
     * @return the server, which answers requests
     * @throws IOException if the address cannot be used
     */
    public static ModelServer start(
            InetSocketAddress address, Clients clients, ServedModel model, @Nullable ServedJobs jobs)
            throws IOException {
        ModelServer started = new ModelServer(address, clients, model, jobs);
        try {
            started.connector.open();
            started.server.start();
        } catch (Exception e) {
            started.close();
            throw new IOException(
                    "the server must have an address that is free and belongs to this machine, found "
                            + address.getHostString() + ":" + address.getPort() + ": " + e.getMessage()
                            + "; give another --port or"
                            + " --host",
                    e);
        }
        return started;
    }

    /**
     * Returns where the server listens.
     *
     * @return the address, with the port
     */
    public InetSocketAddress address() {
        return new InetSocketAddress(asked.getAddress(), connector.getLocalPort());
    }

    /**
     * Waits until the server is closed.
     *
     * @throws InterruptedException if the thread is interrupted
     */
    public void awaitClose() throws InterruptedException {
        closed.await();
    }

    /**
     * Refuses further requests, lets those that run end, ends them by force if they take longer than the limits say, and frees
     * the port. A second call has no effect. An interrupt ends the wait.
     */
    @Override
    public void close() {
        if (!active.close()) {
            return;
        }
        if (!active.awaitEnd(model.limits().grace().toNanos())) {
            log.warn("the server stops before all requests are answered");
            model.cancelAll();
            active.awaitEnd(CANCEL_NANOS);
        }
        boolean interrupted = Thread.interrupted();
        try {
            server.stop();
        } catch (Exception e) {
            log.warn("the server did not stop as it should", e);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        connections.close();
        workers.shutdown();
        closed.countDown();
    }
}
