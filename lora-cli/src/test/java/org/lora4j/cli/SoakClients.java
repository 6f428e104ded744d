package org.lora4j.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients that do the same again and again, at least once, until a time is over or one of them finds a fault; and what they counted. The
 * time begins with the first client.
 */
final class SoakClients {
    private final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> slowestMillis = new ConcurrentHashMap<>();
    private final Queue<String> faults = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final long seconds;
    private volatile long end;

    SoakClients(long seconds) {
        this.seconds = seconds;
    }

    /** What a client does again and again. */
    @FunctionalInterface
    interface Client {
        void act(SplittableRandom random) throws Exception;
    }

    void count(String what) {
        counts.computeIfAbsent(what, key -> new AtomicLong()).incrementAndGet();
    }

    /** Notes how long something took. */
    void took(String what, long sinceNanos) {
        slowestMillis
                .computeIfAbsent(what, key -> new AtomicLong())
                .accumulateAndGet((System.nanoTime() - sinceNanos) / 1_000_000, Math::max);
    }

    boolean goOn() {
        return System.nanoTime() < end && faults.isEmpty();
    }

    /** Starts a client that must find no fault. */
    void start(String what, Client client) {
        int number = threads.size();
        if (number == 0) {
            end = System.nanoTime() + seconds * 1_000_000_000L;
        }
        Thread thread = new Thread(
                () -> {
                    SplittableRandom random = new SplittableRandom(number);
                    do {
                        try {
                            client.act(random);
                        } catch (Exception | AssertionError e) {
                            faults.add(what + ": " + e);
                        }
                    } while (goOn());
                },
                what + "-" + number);
        threads.add(thread);
        thread.start();
    }

    /** Starts a client that must get right answers. Under an attack an idle connection may be closed as it sends the next request. */
    void honest(String what, Client client) {
        start(what, random -> {
            try {
                client.act(random);
            } catch (IOException e) {
                count(what + ", connection closed");
            }
        });
    }

    /** Starts a client that does not care what becomes of its connections. */
    void hostile(String what, Client client) {
        start(what, random -> {
            try {
                client.act(random);
            } catch (IOException e) {
                count(what + ", connection closed");
            }
            count(what);
        });
    }

    void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    List<String> faults() {
        return List.copyOf(faults);
    }

    Map<String, AtomicLong> counts() {
        return counts;
    }

    /** All figures, one a line. */
    String report() {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(counts).forEach((what, count) -> text.append(what + ": " + count + "\n"));
        new TreeMap<>(slowestMillis)
                .forEach((what, millis) -> text.append("slowest " + what + ", ms: " + millis + "\n"));
        faults.forEach(fault -> text.append("fault: ").append(fault).append('\n'));
        return text.toString();
    }
}
