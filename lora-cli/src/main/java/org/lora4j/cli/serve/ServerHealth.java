package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Whether the server can answer requests of the model. It is not ready while the heap is full or the threads that read texts stand
 * still, and not alive if that lasts, so that it is started again. Thread-safe.
 */
final class ServerHealth {
    /** Of the heap, what is left over by the last large collection. */
    private static final double FULL = 0.95;

    private static final Duration STANDS = Duration.ofSeconds(10);
    private static final Duration HANGS = Duration.ofMinutes(2);

    /** How long an OutOfMemoryError, which may meet any thread, counts. */
    private static final Duration SHORT_OF_MEMORY = Duration.ofSeconds(10);

    private final DoubleSupplier usedHeap;
    private final Supplier<Duration> standstill;
    private final LongSupplier clock;
    private boolean isFull;
    private long fullSince;
    private boolean wasShort;
    private long lastShort;

    /**
     * Creates the health of a server.
     *
     * @param usedHeap the part of the heap that the last large collection left over
     * @param standstill for how long the threads that read texts have done nothing although they should
     * @param clock the time in nanoseconds
     */
    ServerHealth(DoubleSupplier usedHeap, Supplier<Duration> standstill, LongSupplier clock) {
        this.usedHeap = usedHeap;
        this.standstill = standstill;
        this.clock = clock;
    }

    static ServerHealth of(ServedModel model) {
        return new ServerHealth(ServerHealth::usedHeap, model::standstill, System::nanoTime);
    }

    private static double usedHeap() {
        long used = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            MemoryUsage left = pool.getType() == MemoryType.HEAP ? pool.getCollectionUsage() : null;
            used += left == null ? 0 : left.getUsed();
        }
        return (double) used / Runtime.getRuntime().maxMemory();
    }

    void addTo(Router router) {
        router.addOpen("GET", "/health", (Action.AtOnce) call -> answer(notReady(), call.answer()));
        router.addOpen("GET", "/health/ready", (Action.AtOnce) call -> answer(notReady(), call.answer()));
        router.addOpen("GET", "/health/live", (Action.AtOnce) call -> answer(notAlive(), call.answer()));
    }

    private static void answer(List<String> problems, Answer answer) throws IOException {
        ObjectNode node = JsonBody.MAPPER.createObjectNode().put("status", problems.isEmpty() ? "ok" : "failing");
        if (!problems.isEmpty()) {
            problems.forEach(node.putArray("problems")::add);
        }
        answer.json(problems.isEmpty() ? 200 : 503, node);
    }

    /** Notes that a request found no memory. */
    synchronized void outOfMemory() {
        wasShort = true;
        lastShort = clock.getAsLong();
    }

    /** What keeps the server from answering now; empty if it is ready. */
    List<String> notReady() {
        return problems(Duration.ZERO, STANDS);
    }

    /** What makes a new start necessary; empty if the server is alive. */
    List<String> notAlive() {
        return problems(HANGS, HANGS);
    }

    private synchronized List<String> problems(Duration mostFull, Duration mostStill) {
        long now = clock.getAsLong();
        List<String> problems = new ArrayList<>();
        boolean wasFull = isFull;
        isFull = usedHeap.getAsDouble() >= FULL || (wasShort && now - lastShort < SHORT_OF_MEMORY.toNanos());
        if (isFull && !wasFull) {
            fullSince = now;
        }
        if (isFull && now - fullSince >= mostFull.toNanos()) {
            problems.add("the heap is full");
        }
        if (standstill.get().compareTo(mostStill) >= 0) {
            problems.add("the threads that read texts stand still");
        }
        return problems;
    }
}
