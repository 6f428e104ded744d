package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.BufferUtil;
import org.jspecify.annotations.Nullable;

/**
 * A request on its way: its body is read, then a thread works on it, then it has its answer. A client that sends its body too slowly gets
 * an error, and the work for one that has gone is cancelled.
 */
final class OpenRequest {
    /** How long a request may wait between its body and its work, beside the time of its answer. */
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** How long the body of a request that is refused may take. */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(3);

    /** How long a client may take to read an answer that was made. */
    private static final long SEND_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Not at once, because the thread that has read the request may still use its connection. */
    private static final long PROBE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final Request request;
    private final Deadline deadline;

    private volatile @Nullable IncomingBody body;
    private volatile boolean isRead;
    private @Nullable Thread worker;
    private long workSince;
    private volatile boolean ended;
    private long endedSince;
    private long sendNanos = SEND_NANOS;
    private boolean gone;

    /** Since when it has its body, or its headers. */
    private long since;

    /** Creates a request whose headers are there. */
    OpenRequest(Request request, Deadline deadline) {
        this.request = request;
        this.deadline = deadline;
        since = deadline.beginNanos();
    }

    Connection connection() {
        return request.getConnectionMetaData().getConnection();
    }

    Deadline deadline() {
        return deadline;
    }

    /** Notes that the body is being read; null for one that was read. */
    synchronized void reads(@Nullable IncomingBody now) {
        body = now;
        isRead = now == null;
        if (isRead) {
            // A file may have taken long.
            since = System.nanoTime();
        }
    }

    /** Notes that this thread works on the request. An interrupt of it means that the client has gone. */
    synchronized void workBegins() {
        worker = Thread.currentThread();
        workSince = System.nanoTime();
    }

    /** Notes that this thread does not work on the request any more. */
    void workEnds() {
        synchronized (this) {
            worker = null;
        }
        // One that came too late must not meet the next request.
        boolean unused = Thread.interrupted();
    }

    /** Notes that the last part of the answer is sent now. Returns false if it was before. */
    synchronized boolean end() {
        return end(0);
    }

    /**
     * Notes that the last part of the answer is sent now. Returns false if it was before.
     *
     * @param bytes the length of a file that is sent
     */
    synchronized boolean end(long bytes) {
        boolean isFirst = !ended;
        if (isFirst) {
            endedSince = System.nanoTime();
            sendNanos += UploadBody.nanosFor(bytes);
            ended = true;
        }
        return isFirst;
    }

    /** What its connection is used for now. */
    Connections.Use use() {
        IncomingBody now = body;
        if (now != null) {
            return now.isRefused() ? Connections.Use.REFUSED : Connections.Use.READ;
        }
        if (ended) {
            return Connections.Use.ANSWERED;
        }
        // Between its headers and its body there is no work yet, however long its thread waits for the processor.
        return isRead ? Connections.Use.WORK : Connections.Use.READ;
    }

    /** Breaks its connection. */
    void close() {
        connection().getEndPoint().close();
    }

    /** Whether nobody reads the answer. */
    synchronized boolean isGone() {
        return gone;
    }

    /** Looks whether the client is too slow or has gone. */
    void look(long now) {
        IncomingBody late = null;
        synchronized (this) {
            long age = now - since;
            long longest = deadline.timeout().toNanos();
            IncomingBody read = body;
            if (read != null) {
                boolean isLate = read.isLate(age, longest) || read.isRefusedFor(DRAIN_NANOS, now);
                late = isLate ? read : null;
            } else if (worker != null && !ended && now - workSince > PROBE_NANOS && (gone || hasGone())) {
                gone = true;
                worker.interrupt();
            }
            boolean isStuck = age > longest + SEND_NANOS + (worker == null ? WAIT_NANOS : 0);
            if (ended ? now - endedSince > sendNanos : read == null && isStuck) {
                close();
            }
        }
        if (late != null) {
            late.giveUp(ApiException.of(408, "timeout", "the body must come within its time, found one that did not"));
        }
    }

    /**
     * Returns whether the client has closed the connection. Nobody else reads from it until the request is answered. What a client sends
     * too early is kept for its next request. If there is no room for it, the connection is broken, because a part of it would be lost.
     */
    private boolean hasGone() {
        EndPoint endPoint = connection().getEndPoint();
        ByteBuffer early = BufferUtil.allocate(1);
        try {
            int read = endPoint.fill(early);
            if (read > 0 && connection() instanceof Connection.UpgradeTo next) {
                next.onUpgradeTo(early);
            }
            if (early.hasRemaining()) {
                endPoint.close();
                return true;
            }
            return read < 0;
        } catch (IOException e) {
            return true;
        }
    }
}
