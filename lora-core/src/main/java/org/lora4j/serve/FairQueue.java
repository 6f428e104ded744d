package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.Recent;
import org.lora4j.serve.ServingException.Reason;

/**
 * The requests that wait, in a fair order of their adapters: each adapter has a counter of what was computed for it, divided by
 * its weight, and the request that is next is one of the adapter with the least counter. An adapter that comes when none of its
 * requests waits starts at the least counter of those that wait, if its own is less. So it gets no credit for the time in which it
 * had nothing to compute. This is the virtual token counter of Sheng et al., "Fairness in Serving Large Language Models" (<a
 * href="https://arxiv.org/abs/2401.00588">arXiv:2401.00588</a>).
 *
 * <p>A request first gets a place, which the limits count. It waits from when its adapter is loaded. Others do not wait for it.
 *
 * <p>Not thread-safe: the lock of the owner guards it.
 *
 * @param <R> the type of the requests
 */
final class FairQueue<R extends Request> {
    /** The counters of so many adapters without requests are kept. A forgotten one starts as if it were new. */
    private static final int MOST_IDLE = 10_000;

    private final Limits limits;
    private final ToDoubleFunction<String> weights;
    private final Map<String, Tenant<R>> tenants = new HashMap<>();
    private final Set<R> placed = new LinkedHashSet<>();
    private final TreeSet<Tenant<R>> waiting = new TreeSet<>(
            Comparator.comparingDouble((Tenant<R> tenant) -> tenant.counter).thenComparingLong(tenant -> tenant.turn));
    private final Map<String, Double> idleCounters = new Recent<>(MOST_IDLE);

    /** The counter of the adapter that was the last to have no request that waits. */
    private double lastCounter;

    private long size;
    private int waitingRequests;
    private int waitingSize;
    private int pending;
    private long numbers;
    private boolean closed;

    /**
     * Creates an empty queue.
     *
     * @param weights gives the weight of an adapter: one with twice the weight has twice as much computed if both wait
     */
    FairQueue(Limits limits, ToDoubleFunction<String> weights) {
        this.limits = limits;
        this.weights = weights;
    }

    /**
     * Gives a request a place. From then on it is pending until {@link #ended}.
     *
     * @throws ServingException if the queue is closed, or a limit is reached
     */
    void admit(R request) {
        String adapter = request.adapter();
        if (closed) {
            throw Failures.closed();
        }
        // A large request has the same chance as a small one: the limits are not for what comes, but for what waits.
        limits.requirePlace(size);
        Tenant<R> tenant = tenants.get(adapter);
        if (tenant == null) {
            tenant = new Tenant<>(adapter, weight(adapter), idleCounters.getOrDefault(adapter, 0.0));
        }
        limits.requirePlace(adapter, tenant.size);
        tenants.put(adapter, tenant);
        place(request, tenant);
    }

    /**
     * Gives the parts of one request their places: there is room for all of them if there is for the first.
     *
     * @throws ServingException as {@link #admit}
     */
    void admitAll(List<R> parts) {
        admit(parts.get(0));
        parts.subList(1, parts.size()).forEach(this::admitToo);
    }

    private void admitToo(R request) {
        Tenant<R> tenant = tenants.get(request.adapter());
        if (tenant == null) {
            throw new IllegalStateException("a request must be admitted before those that belong to it");
        }
        place(request, tenant);
    }

    private void place(R request, Tenant<R> tenant) {
        placed.add(request);
        tenant.size += request.size();
        tenant.requests++;
        size += request.size();
        pending++;
        request.place = Request.Place.ADMITTED;
        request.number = numbers++;
    }

    private double weight(String adapter) {
        double weight = weights.applyAsDouble(adapter);
        if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the weight of an adapter must be above 0 and finite, found " + weight
                    + " for " + MessageText.quote(adapter));
        }
        return weight;
    }

    /**
     * Lets a request with a place wait for its turn.
     *
     * @return false if it has left the queue
     */
    boolean add(R request) {
        if (request.place != Request.Place.ADMITTED) {
            return false;
        }
        Tenant<R> tenant = tenant(request);
        if (tenant.waiting.isEmpty()) {
            double least = waiting.isEmpty() ? lastCounter : waiting.first().counter;
            tenant.counter = Math.max(tenant.counter, least);
            tenant.waiting.add(request);
            queue(tenant);
        } else {
            tenant.waiting.add(request);
        }
        request.place = Request.Place.WAITING;
        waitingRequests++;
        waitingSize += request.size();
        return true;
    }

    private void queue(Tenant<R> tenant) {
        tenant.turn = numbers++;
        waiting.add(tenant);
    }

    private Tenant<R> tenant(R request) {
        Tenant<R> tenant = tenants.get(request.adapter());
        if (tenant == null) {
            throw new IllegalStateException("a request with a place must belong to an adapter of the queue");
        }
        return tenant;
    }

    /**
     * Takes the next request in the fair order, and counts its units for its adapter. If the next one of an adapter does not fit,
     * those of other adapters are tried; it keeps its place in the order.
     *
     * @param fits whether there is room for a request
     * @param late receives the requests that were next and are late; they are taken too
     * @return the request, or null if none fits
     */
    @Nullable
    R poll(long now, Predicate<R> fits, Consumer<R> late) {
        List<Tenant<R>> order = new ArrayList<>();
        for (Tenant<R> tenant : waiting) {
            order.add(tenant);
            if (!tenant.waiting.first().isLate(now) && fits.test(tenant.waiting.first())) {
                break;
            }
        }
        for (Tenant<R> tenant : order) {
            while (!tenant.waiting.isEmpty() && tenant.waiting.first().isLate(now)) {
                R request = tenant.waiting.first();
                take(tenant, request, 0);
                late.accept(request);
            }
            if (!tenant.waiting.isEmpty() && fits.test(tenant.waiting.first())) {
                R request = tenant.waiting.first();
                take(tenant, request, request.units());
                request.taken = now;
                return request;
            }
        }
        return null;
    }

    /** Takes a request out, wherever it is on its way. Returns false if it was taken or has left before. */
    boolean remove(R request) {
        if (request.place == Request.Place.GONE) {
            return false;
        }
        take(tenant(request), request, 0);
        return true;
    }

    /** The requests with a place, whether they wait for their turn or for their adapter. */
    List<R> placed() {
        return List.copyOf(placed);
    }

    /** Takes all requests that wait for their turn. */
    List<R> removeAllWaiting() {
        List<R> all = new ArrayList<>();
        for (Tenant<R> tenant : List.copyOf(waiting)) {
            all.addAll(tenant.waiting);
        }
        all.forEach(this::remove);
        return all;
    }

    private void take(Tenant<R> tenant, R request, long units) {
        if (request.place == Request.Place.WAITING) {
            waiting.remove(tenant);
            tenant.waiting.remove(request);
            tenant.counter += units / tenant.weight;
            waitingRequests--;
            waitingSize -= request.size();
            if (tenant.waiting.isEmpty()) {
                lastCounter = tenant.counter;
            } else {
                queue(tenant);
            }
        }
        request.place = Request.Place.GONE;
        placed.remove(request);
        size -= request.size();
        tenant.size -= request.size();
        tenant.requests--;
        if (tenant.requests == 0) {
            tenants.remove(tenant.adapter);
            idleCounters.put(tenant.adapter, tenant.counter);
        }
    }

    /** Counts units that were computed for an adapter after its request was taken. */
    void charge(String adapter, long units) {
        Tenant<R> tenant = tenants.get(adapter);
        if (tenant == null) {
            idleCounters.merge(adapter, units / weight(adapter), Double::sum);
            return;
        }
        boolean waits = waiting.remove(tenant);
        tenant.counter += units / tenant.weight;
        if (waits) {
            queue(tenant);
        }
    }

    /** Notes that requests that had a place have ended. */
    void ended(int requests) {
        pending -= requests;
    }

    /** The requests that have or had a place and have not ended. */
    int pending() {
        return pending;
    }

    /** The requests that wait for their turn. */
    int waitingRequests() {
        return waitingRequests;
    }

    /** The size of the requests that wait for their turn. */
    int waitingSize() {
        return waitingSize;
    }

    /** How many requests of each adapter have a place. */
    Map<String, Integer> requests() {
        Map<String, Integer> all = new HashMap<>();
        tenants.forEach((adapter, tenant) -> all.put(adapter, tenant.requests));
        return all;
    }

    /** Refuses all later requests. */
    void close() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /**
     * The requests of one adapter in a {@link FairQueue}.
     *
     * @param <R> the type of the requests
     */
    private static final class Tenant<R extends Request> {
        private static final Comparator<Request> ORDER =
                Comparator.comparingInt(Request::priority).reversed().thenComparingLong(request -> request.number);

        final String adapter;
        final double weight;

        /** What was computed for it, divided by its weight. */
        double counter;

        /** Its place among tenants with the same counter. */
        long turn;

        /** The size of its requests that wait, also for their adapter. */
        long size;

        /** The number of its requests that wait, also for their adapter. */
        int requests;

        final TreeSet<R> waiting = new TreeSet<>(ORDER);

        Tenant(String adapter, double weight, double counter) {
            this.adapter = adapter;
            this.weight = weight;
            this.counter = counter;
        }
    }

    /**
     * How much may wait in a {@link FairQueue}.
     *
     * @param perAdapter from which size of its waiting requests on those of an adapter are rejected
     * @param inAll from which size of all waiting requests on others are rejected
     * @param unit what a size counts, for messages
     * @param setting the name of the setting of the limit in all, for messages
     */
    record Limits(long perAdapter, long inAll, String unit, String setting) {
        /** One adapter may use this part of the limit in all, if nothing else is said. */
        private static final int PART = 4;

        /** The limits, where 0 says that there is no limit for each adapter of its own. */
        static Limits of(long perAdapter, long inAll, String unit, String setting) {
            return new Limits(perAdapter > 0 ? perAdapter : Math.max(1, inAll / PART), inAll, unit, setting);
        }

        void requirePlace(long waiting) {
            if (waiting >= inAll) {
                throw new ServingException(
                        Reason.SERVICE_BUSY,
                        "too many requests wait; try again later",
                        new IllegalStateException(
                                "a request is accepted while fewer than " + inAll + " " + unit + " wait in all, found "
                                        + waiting + "; send fewer requests at once, or set " + setting));
            }
        }

        void requirePlace(String adapter, long waiting) {
            if (waiting >= perAdapter) {
                throw new ServingException(
                        Reason.ADAPTER_BUSY,
                        "too many requests of the adapter " + MessageText.quote(adapter) + " wait; try again later",
                        new IllegalStateException("a request is accepted while fewer than " + perAdapter + " " + unit
                                + " of its adapter wait, found " + waiting + " of " + MessageText.quote(adapter)
                                + "; send fewer requests at once, or set " + setting + "PerAdapter"));
            }
        }
    }
}
