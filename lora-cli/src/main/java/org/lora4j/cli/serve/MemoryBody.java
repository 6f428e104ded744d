package org.lora4j.cli.serve;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;

/** A body that is kept in memory. */
final class MemoryBody extends IncomingBody {
    /** How long a body may take, for one over a slow line. */
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** Receives a body, or why there is none; one call in all. */
    interface Receiver {
        /** A whole body. Its bytes count until {@link BodyMemory#free}. */
        void whole(byte[] body, int counted);

        /** There is no body. The client may still read an answer. */
        void refused(ApiException why);
    }

    private final int most;
    private final BodyMemory memory;
    private final Receiver receiver;
    private ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private boolean isDropped;

    /**
     * Creates a body that was not read yet.
     *
     * @param most the most bytes
     * @param refusal why the request is refused after its body was read; null if it is not
     */
    MemoryBody(Content.Source source, int most, BodyMemory memory, @Nullable ApiException refusal, Receiver receiver) {
        super(source, refusal);
        this.most = most;
        this.memory = memory;
        this.receiver = receiver;
    }

    @Override
    void keep(Content.Chunk chunk) {
        MemoryBody surplus = take(chunk);
        if (surplus != null) {
            surplus.refuse(ApiException.busy("too much text of requests is in memory; try again later"));
        }
    }

    /** Keeps a part. Returns the body that must be refused for it, which may be this one; or null. */
    private synchronized @Nullable MemoryBody take(Content.Chunk chunk) {
        int count = chunk.remaining();
        if ((long) bytes.size() + count > most) {
            throw ApiException.tooLarge("the body must have at most " + most + " bytes, found more");
        }
        if (isDropped) {
            // Another body took its room meanwhile.
            return null;
        }
        byte[] part = new byte[count];
        chunk.get(part, 0, count);
        bytes.writeBytes(part);
        return memory.take(this, count);
    }

    @Override
    synchronized void drop() {
        isDropped = true;
        memory.drop(this);
        bytes = new ByteArrayOutputStream();
    }

    @Override
    void whole() {
        byte[] whole;
        int counted;
        synchronized (this) {
            whole = bytes.toByteArray();
            counted = memory.keep(this);
        }
        receiver.whole(whole, counted);
    }

    @Override
    void refused(ApiException why) {
        receiver.refused(why);
    }

    @Override
    long patienceNanos(long received, long timeout) {
        return Math.min(LONGEST_NANOS, timeout);
    }
}
