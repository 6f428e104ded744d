package org.lora4j.cli.serve;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** What each key has used of its limits. Keys of one name share them. Thread-safe. */
final class ClientLimits {
    private final LongSupplier clock;
    private final Map<String, Used> byName = new ConcurrentHashMap<>();

    /**
     * Creates the limits, of which nothing is used.
     *
     * @param clock the time in nanoseconds
     */
    ClientLimits(LongSupplier clock) {
        this.clock = clock;
    }

    private final class Used {
        private int requests;
        private final Budget tokens = new Budget();
        private final Budget compileNanos = new Budget();
    }

    /**
     * What may be used in a minute. It fills evenly, up to that of a minute. What a request uses is known at its end only, so it can
     * fall below zero; then requests wait until it is above.
     */
    private final class Budget {
        private static final double NANOS_PER_MINUTE = 60e9;

        /** What was used and has not been filled again. */
        private double used;

        private long since = clock.getAsLong();

        private void fill(long perMinute) {
            long now = clock.getAsLong();
            used = Math.max(0, used - perMinute * ((now - since) / NANOS_PER_MINUTE));
            since = now;
        }

        boolean isEmpty(long perMinute) {
            fill(perMinute);
            return perMinute > 0 && used >= perMinute;
        }

        void spend(long perMinute, long units) {
            fill(perMinute);
            used += perMinute == 0 ? 0 : units;
        }
    }

    private Used of(Client client) {
        return byName.computeIfAbsent(client.name(), name -> new Used());
    }

    /**
     * Begins a request. Call {@link #leave} at its end.
     *
     * @throws ApiException if the key has as many requests as it may, or has used its tokens
     */
    void enter(Client client) {
        Used used = of(client);
        synchronized (used) {
            if (client.limits().requests() > 0
                    && used.requests >= client.limits().requests()) {
                throw ApiException.tooMany("the key has as many requests at the same time as it may, "
                        + client.limits().requests() + "; try again later");
            }
            if (used.tokens.isEmpty(client.limits().tokens())) {
                throw ApiException.tooMany(
                        "the key has used its tokens, " + client.limits().tokens() + " a minute; try again later");
            }
            used.requests++;
        }
    }

    /** Ends a request. */
    void leave(Client client) {
        Used used = of(client);
        synchronized (used) {
            used.requests--;
        }
    }

    /** Counts tokens of a prompt and of answers. */
    void spendTokens(Client client, long tokens) {
        Used used = of(client);
        synchronized (used) {
            used.tokens.spend(client.limits().tokens(), tokens);
        }
    }

    /**
     * Checks that a schema may be compiled.
     *
     * @throws ApiException if the key has used its time for that
     */
    void requireCompile(Client client) {
        Used used = of(client);
        synchronized (used) {
            if (used.compileNanos.isEmpty(client.limits().compileNanos())) {
                throw ApiException.tooMany("the key has used its time for schemas, "
                        + client.limits().compile() + " seconds a minute; try again later");
            }
        }
    }

    /** Counts the time of the compilation of a schema. */
    void spendCompile(Client client, long nanos) {
        Used used = of(client);
        synchronized (used) {
            used.compileNanos.spend(client.limits().compileNanos(), nanos);
        }
    }
}
