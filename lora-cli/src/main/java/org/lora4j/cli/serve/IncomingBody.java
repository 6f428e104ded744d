package org.lora4j.cli.serve;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The body of a request, which is read as it comes: no thread waits for it. */
final class IncomingBody {
    private static final Logger log = LoggerFactory.getLogger(IncomingBody.class);

    /** So much of a body that is not wanted is read. */
    private static final long DRAINED_BYTES = 32L << 20;

    /** Receives a body, or why there is none; one call in all. */
    interface Receiver {
        /** A whole body. Its bytes count until {@link BodyMemory#free}. */
        void whole(byte[] body, int counted);

        /** There is no body. The client may still read an answer. */
        void refused(ApiException why);
    }

    private final Content.Source source;
    private final int most;
    private final BodyMemory memory;
    private final Receiver receiver;
    private final AtomicBoolean ended = new AtomicBoolean();
    private ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private @Nullable ApiException refusal;
    private long refusedSince = System.nanoTime();
    private long drained;

    /**
     * Creates a body that was not read yet.
     *
     * @param most the most bytes
     * @param refusal why the request is refused after its body was read; null if it is not
     */
    IncomingBody(
            Content.Source source, int most, BodyMemory memory, @Nullable ApiException refusal, Receiver receiver) {
        this.source = source;
        this.most = most;
        this.memory = memory;
        this.refusal = refusal;
        this.receiver = receiver;
    }

    /** Reads what is there, and goes on when there is more. */
    void read() {
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
        String found = failure instanceof HttpException ? "a broken chunk" : "one that ends too early";
        return ApiException.of(400, "broken_body", "the body must be whole, found " + found);
    }

    private void add(Content.Chunk chunk) {
        IncomingBody surplus = keep(chunk);
        if (surplus != null) {
            surplus.refuse(ApiException.busy("too much text of requests is in memory; try again later"));
        }
    }

    /** Keeps a part if the body is wanted. Returns the body that must be refused for it, which may be this one; or null. */
    private synchronized @Nullable IncomingBody keep(Content.Chunk chunk) {
        int count = chunk.remaining();
        if (refusal == null && (long) bytes.size() + count > most) {
            refuse(ApiException.of(413, "body_too_large", "the body must have at most " + most + " bytes, found more"));
        }
        if (refusal != null || ended.get()) {
            drained += count;
            return null;
        }
        byte[] part = new byte[count];
        chunk.get(part, 0, count);
        bytes.writeBytes(part);
        return memory.take(this, count);
    }

    /** Drops what was read, and reads the rest without keeping it, because a client that still sends sees no answer. */
    private synchronized void refuse(ApiException why) {
        if (!ended.get()) {
            refusal = why;
            refusedSince = System.nanoTime();
            drop();
        }
    }

    private synchronized void drop() {
        memory.drop(this);
        bytes = new ByteArrayOutputStream();
    }

    private void end() {
        ApiException why;
        byte[] whole;
        int counted = 0;
        synchronized (this) {
            why = refusal;
            whole = bytes.toByteArray();
            if (why == null) {
                if (ended.getAndSet(true)) {
                    return;
                }
                counted = memory.keep(this);
            }
        }
        if (why == null) {
            receiver.whole(whole, counted);
        } else {
            giveUp(why);
        }
    }

    /** Whether the body is not wanted, and is only read so that the client sees why. */
    synchronized boolean isRefused() {
        return refusal != null;
    }

    synchronized boolean isRefusedFor(long nanos, long now) {
        return refusal != null && now - refusedSince > nanos;
    }

    /** Stops to read. A body that was refused before is so for its first reason. */
    void giveUp(ApiException why) {
        if (!ended.getAndSet(true)) {
            ApiException first;
            synchronized (this) {
                first = refusal == null ? why : refusal;
                drop();
            }
            receiver.refused(first);
        }
    }
}
