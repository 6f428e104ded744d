package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Bounds how many files are checked for clients at the same time, and for how long. A job has more time for the same. */
final class RowChecks {
    private static final int MOST = 8;

    private final ConcurrencyLimit places =
            new ConcurrencyLimit(MOST, owner -> "the key has as many files checked as it may; try again later");

    /** Work that asks whether to stop. */
    interface Work<T> {
        T run(BooleanSupplier stops);
    }

    /**
     * Works for a request.
     *
     * @throws IOException if the client has gone
     * @throws ApiException if the time of the request is over, or too many files are checked now
     */
    <T> T of(Call call, Work<T> work) throws IOException {
        String owner = call.client().owner();
        Deadline deadline = call.open().deadline();
        places.enter(owner);
        try {
            return work.run(() ->
                    Thread.currentThread().isInterrupted() || deadline.taken().compareTo(deadline.timeout()) > 0);
        } catch (CancellationException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("the client has gone");
            }
            throw ApiException.of(
                    504,
                    "timeout",
                    "the rows must be checked within the time of a request, found more of them; begin a job, which checks"
                            + " them too");
        } finally {
            places.leave(owner);
        }
    }
}
