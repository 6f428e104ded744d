package org.lora4j.cli.serve;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.eclipse.jetty.io.Connection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of a server, which nobody may keep for nothing: the headers of a request must come soon, and there are only so many
 * connections. If there are too many, one that waits for its client is closed, the least {@link Use used} first, and of these the one
 * that has waited longest. So clients that are slow keep each other out, but none that sends its request and reads its answer: a quarter
 * of the connections are for those that only just came.
 * Thread-safe.
 */
final class Connections implements Connection.Listener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Connections.class);

    private static final long LOOK_MILLIS = 500;

    /** How long the first request of a connection may take to come. */
    private static final long HEADER_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** How long a connection is kept for the next request. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /**
     * How long a request may come before its client counts as slow. On a machine that is overloaded, it can take some seconds until the
     * server reads what a client has sent at once.
     */
    private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** One of so many connections may be new before the others are closed for it. */
    private static final int NEW_PART = 4;

    private final int most;
    private final LongSupplier clock;
    private final Map<Connection, State> open = new LinkedHashMap<>();
    private final ScheduledExecutorService thread;

    /** What a connection is used for. The first are closed first. */
    enum Use {
        /** It never had a request. */
        NONE,
        /** The body of a request that is refused comes. */
        REFUSED,
        /** Like {@link #NEW}, and there are more of these than their part. */
        CROWD,
        /** It is kept for the next request. */
        IDLE,
        /** The body of a request comes. */
        READ,
        /** Its request began to come a moment ago, or has not come yet. */
        NEW,
        /** The last part of an answer is sent. */
        ANSWERED,
        /** A thread works on a request. */
        WORK
    }

    private static final class State {
        /** Since when it waits for a request. */
        private long since;

        private boolean hadRequest;
        private @Nullable OpenRequest request;

        State(long now) {
            since = now;
        }

        Use use(long now) {
            Use use = request != null ? request.use() : hadRequest ? Use.IDLE : Use.NONE;
            boolean isComing = use == Use.NONE || use == Use.READ;
            return isComing && now - since() < MOMENT_NANOS ? Use.NEW : use;
        }

        /** Since when it waits for a request, or for the rest of one and its answer. */
        long since() {
            return request == null ? since : request.deadline().beginNanos();
        }

        boolean isOverdue(long now) {
            return request == null && now - since > (hadRequest ? IDLE_NANOS : HEADER_NANOS);
        }
    }

    Connections(int most) {
        this(most, System::nanoTime);
    }

    /** Creates connections with another clock, in nanoseconds. */
    Connections(int most, LongSupplier clock) {
        this.most = most;
        this.clock = clock;
        thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread own = new Thread(task, "lora-connections");
            own.setDaemon(true);
            return own;
        });
        // Close ends it.
        Object unused = thread.scheduleWithFixedDelay(this::safeLook, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void onOpened(Connection connection) {
        Connection surplus = null;
        synchronized (open) {
            open.put(connection, new State(clock.getAsLong()));
            if (open.size() > most) {
                surplus = leastNeeded(connection);
                open.remove(surplus);
            }
        }
        if (surplus != null) {
            surplus.getEndPoint().close();
        }
    }

    /** The connection that is closed for a new one; the new one itself if a thread works for each other one. */
    private Connection leastNeeded(Connection added) {
        long now = clock.getAsLong();
        long news =
                open.values().stream().filter(one -> one.use(now) == Use.NEW).count();
        Use ofNew = news > most / NEW_PART ? Use.CROWD : Use.NEW;
        return open.entrySet().stream()
                .filter(one -> one.getKey() != added && one.getValue().use(now) != Use.WORK)
                .min(Comparator.comparing((Map.Entry<Connection, State> one) -> {
                            Use use = one.getValue().use(now);
                            return use == Use.NEW ? ofNew : use;
                        })
                        .thenComparing(one -> now - one.getValue().since(), Comparator.reverseOrder()))
                .map(Map.Entry::getKey)
                .orElse(added);
    }

    @Override
    public void onClosed(Connection connection) {
        synchronized (open) {
            open.remove(connection);
        }
    }

    /** Notes that the headers of a request are there. */
    void begin(OpenRequest request) {
        synchronized (open) {
            State state = open.get(request.connection());
            if (state != null) {
                state.request = request;
                state.hadRequest = true;
            }
        }
    }

    /** Notes that a request was answered. */
    void end(OpenRequest request) {
        synchronized (open) {
            // In the order of when they began to wait.
            State state = open.get(request.connection());
            if (state != null && state.request == request) {
                state.request = null;
                state.since = clock.getAsLong();
                open.remove(request.connection());
                open.put(request.connection(), state);
            }
        }
    }

    int count() {
        synchronized (open) {
            return open.size();
        }
    }

    private void safeLook() {
        try {
            look(clock.getAsLong());
        } catch (RuntimeException | Error e) {
            // The looks go on.
            log.warn("the connections could not be looked at", e);
        }
    }

    private void look(long now) {
        List<Connection> overdue = new ArrayList<>();
        List<OpenRequest> requests = new ArrayList<>();
        synchronized (open) {
            open.forEach((connection, state) -> {
                if (state.request != null) {
                    requests.add(state.request);
                } else if (state.isOverdue(now)) {
                    overdue.add(connection);
                }
            });
        }
        overdue.forEach(connection -> connection.getEndPoint().close());
        requests.forEach(request -> safeLook(request, now));
    }

    private static void safeLook(OpenRequest request, long now) {
        try {
            request.look(now);
        } catch (RuntimeException e) {
            // Those behind it are looked at too.
            log.warn("a request could not be looked at", e);
        }
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}
