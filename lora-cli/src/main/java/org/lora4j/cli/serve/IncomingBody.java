package org.lora4j.cli.serve;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of a request, which is read as it comes: no thread waits for it. One that is refused is read to its end, within bounds,
 * because a client that still sends sees no answer.
 */
abstract class IncomingBody {
    private static final Logger log = LoggerFactory.getLogger(IncomingBody.class);

    /** So much of a body that is not wanted is read. */
    private static final long DRAINED_BYTES = 32L << 20;

    private final Content.Source source;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile @Nullable ApiException refusal;
    private volatile long refusedSince = System.nanoTime();
    private final AtomicLong received = new AtomicLong();
    private long drained;

    /**
     * Creates a body that was not read yet.
     *
     * @param refusal why the request is refused after its body was read; null if it is not
     */
    IncomingBody(Content.Source source, @Nullable ApiException refusal) {
        this.source = source;
        this.refusal = refusal;
    }

    /**
     * Takes a part of the body. It is called by one thread at a time.
     *
     * @throws ApiException if the body is refused for it
     */
    abstract void keep(Content.Chunk chunk);

    /** Gives back what was kept, because nobody wants it. It may be called more than once, by any thread, also while a part is kept. */
    abstract void drop();

    /**
     * The whole body was kept. One call in all, unless {@link #refused} is called.
     *
     * @throws ApiException if the body is refused as a whole
     */
    abstract void whole();

    /** The body is not taken. The client may still read an answer. */
    abstract void refused(ApiException why);

    /**
     * Returns how long the body may take until now.
     *
     * @param bytes how many bytes came
     * @param timeout how long the answer of its request may take, in nanoseconds
     */
    abstract long patienceNanos(long bytes, long timeout);

    /** Reads what is there, and goes on when there is more. */
    final void read() {
        try {
            readWhatIsThere();
        } catch (RuntimeException | Error e) {
            // Nobody else would give its bytes back.
            log.error("a body could not be read", e);
            giveUp(ApiException.internal());
        }
    }

    private void readWhatIsThere() {
        while (!ended.get()) {
            Content.Chunk chunk = source.read();
            if (chunk == null) {
                source.demand(this::read);
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                giveUp(broken(chunk.getFailure()));
                return;
            }
            boolean isLast = chunk.isLast();
            try {
                add(chunk);
            } finally {
                chunk.release();
            }
            if (isLast) {
                end();
                return;
            }
            if (drained > DRAINED_BYTES) {
                end();
            }
        }
    }

    private static ApiException broken(Throwable failure) {
        return broken(failure instanceof HttpException ? "a broken chunk" : "one that ends too early");
    }

    static ApiException broken(String found) {
        return ApiException.of(400, "broken_body", "the body must be whole, found " + found);
    }

    private void add(Content.Chunk chunk) {
        int count = chunk.remaining();
        received.addAndGet(count);
        if (refusal != null || ended.get()) {
            drained += count;
            return;
        }
        try {
            keep(chunk);
        } catch (ApiException e) {
            refuse(e);
            drained += count;
        }
    }

    /** Drops what was read, and reads the rest without keeping it. */
    final void refuse(ApiException why) {
        synchronized (this) {
            if (ended.get() || refusal != null) {
                return;
            }
            refusedSince = System.nanoTime();
            refusal = why;
        }
        drop();
    }

    private void end() {
        ApiException why;
        synchronized (this) {
            why = refusal;
            if (why == null && ended.getAndSet(true)) {
                return;
            }
        }
        if (why == null) {
            try {
                whole();
            } catch (ApiException e) {
                drop();
                refused(e);
            }
        } else {
            giveUp(why);
        }
    }

    /** Whether the body is not wanted, and is only read so that the client sees why. */
    final boolean isRefused() {
        return refusal != null;
    }

    final boolean isRefusedFor(long nanos, long now) {
        return refusal != null && now - refusedSince > nanos;
    }

    /**
     * Returns whether the body should have come by now.
     *
     * @param age how long the request takes already, in nanoseconds
     * @param timeout how long its answer may take, in nanoseconds
     */
    final boolean isLate(long age, long timeout) {
        return age > patienceNanos(received.get(), timeout);
    }

    /** Stops to read. A body that was refused before is so for its first reason. */
    final void giveUp(ApiException why) {
        ApiException first;
        synchronized (this) {
            if (ended.getAndSet(true)) {
                return;
            }
            ApiException before = refusal;
            first = before == null ? why : before;
        }
        drop();
        refused(first);
    }
}
