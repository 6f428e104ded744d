package org.lora4j.serve;

import java.util.Comparator;
import java.util.TreeSet;

/**
 * The requests of one adapter in a {@link FairQueue}.
 *
 * @param <R> the type of the requests
 */
final class Tenant<R extends Request> {
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
