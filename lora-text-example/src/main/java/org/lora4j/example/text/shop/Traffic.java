package org.lora4j.example.text.shop;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.Answer;
import org.lora4j.text.TextService;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;

/** Clients that ask for the team of a message, one after another, and compare each answer with an earlier one. */
final class Traffic implements AutoCloseable {
    /** What the service does beside the requests. */
    enum Phase {
        /** Nothing. */
        QUIET,
        /** It trains. */
        TRAINING
    }

    /** A client waits so long between an answer and its next request, at the most; half of it in the mean. */
    private static final int LONGEST_PAUSE_MS = 300;

    /** A message, the shop, and the adapter that answered. */
    private record Asked(String tenant, String message, String fingerprint) {}

    private final TextService service;
    private final Map<String, List<String>> messages;
    private final CopyOnWriteArrayList<String> served = new CopyOnWriteArrayList<>();
    private final List<Thread> clients = new ArrayList<>();
    private final AtomicInteger running = new AtomicInteger();
    private final Map<Asked, List<Double>> answers = new ConcurrentHashMap<>();
    private final AtomicLong compared = new AtomicLong();
    private final AtomicReference<Double> largest = new AtomicReference<>(0.0);
    private final Map<Phase, List<Long>> nanos = new EnumMap<>(Phase.class);
    private final Map<Phase, Long> nanosOfPhases = new EnumMap<>(Phase.class);
    private volatile @Nullable Phase phase;
    private volatile @Nullable RuntimeException failure;
    private volatile boolean isClosed;
    private long phaseBegan;

    /**
     * Starts the clients.
     *
     * @param service answers
     * @param messages the messages to ask about, of each shop
     * @param count how many clients
     */
    Traffic(TextService service, Map<String, List<String>> messages, int count) {
        this.service = service;
        this.messages = messages;
        for (Phase each : Phase.values()) {
            nanos.put(each, new ArrayList<>());
        }
        for (int i = 0; i < count; i++) {
            Random random = new Random(i);
            Thread client = new Thread(() -> ask(random), "client-" + i);
            clients.add(client);
            client.start();
        }
    }

    /** Whether a request runs now. */
    boolean isRunning() {
        return running.get() > 0;
    }

    /** Lets clients ask for a shop that has an adapter from now on. */
    void serve(String tenant) {
        boolean unused = served.addIfAbsent(tenant);
    }

    /** Counts requests as those of a phase from now on; those without a phase count nowhere. */
    synchronized void enter(@Nullable Phase next) {
        Phase before = phase;
        long now = System.nanoTime();
        if (before != null) {
            nanosOfPhases.merge(before, now - phaseBegan, Long::sum);
        }
        phaseBegan = now;
        phase = next;
    }

    private void ask(Random random) {
        try {
            while (!isClosed) {
                running.incrementAndGet();
                try {
                    List<String> now = List.copyOf(served);
                    if (!now.isEmpty()) {
                        String tenant = now.get(random.nextInt(now.size()));
                        List<String> all = Objects.requireNonNull(messages.get(tenant));
                        ask(tenant, all.get(random.nextInt(all.size())));
                    }
                } finally {
                    running.decrementAndGet();
                }
                Thread.sleep(random.nextInt(LONGEST_PAUSE_MS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private void ask(String tenant, String message) throws InterruptedException {
        Phase began = phase;
        long start = System.nanoTime();
        Answer<ClassScores> answer =
                service.answer(Classify.class, tenant, List.of(message), RequestOptions.defaults());
        long time = System.nanoTime() - start;
        if (began != null && began == phase) {
            List<Long> times = Objects.requireNonNull(nanos.get(began));
            synchronized (times) {
                times.add(time);
            }
        }
        compare(tenant, message, answer);
    }

    /** The same adapter gives the same message the same answer; the other rows of a batch move its last bits. */
    private void compare(String tenant, String message, Answer<ClassScores> answer) {
        UsedAdapter adapter = Objects.requireNonNull(answer.adapter());
        List<Double> scores = answer.values().get(0).values();
        List<Double> before = answers.putIfAbsent(new Asked(tenant, message, adapter.fingerprint()), scores);
        if (before != null) {
            compared.incrementAndGet();
            double difference = IntStream.range(0, scores.size())
                    .mapToDouble(i -> Math.abs(scores.get(i) - before.get(i)))
                    .max()
                    .orElseThrow();
            largest.accumulateAndGet(difference, Math::max);
        }
    }

    /** Returns the times of the requests of a phase; null if there was none. */
    ShopReport.@Nullable Requests requests(Phase of) {
        List<Long> times = Objects.requireNonNull(nanos.get(of));
        synchronized (times) {
            List<Long> sorted = times.stream().sorted().toList();
            Long spent = nanosOfPhases.get(of);
            return sorted.isEmpty() || spent == null
                    ? null
                    : new ShopReport.Requests(
                            sorted.size(),
                            sorted.size() / (spent / 1e9),
                            sorted.get(sorted.size() / 2) / 1e6,
                            sorted.get((int) (sorted.size() * 0.99)) / 1e6);
        }
    }

    /** Returns how many answers had an earlier one of the same adapter for the same message, and how much they differed. */
    ShopReport.Answers answers() {
        return new ShopReport.Answers(compared.get(), Objects.requireNonNull(largest.get()));
    }

    /** Sends no more requests until {@link #serve}, and waits for those that run. */
    void pause() throws InterruptedException {
        served.clear();
        while (isRunning()) {
            Thread.sleep(1);
        }
    }

    /**
     * Stops the clients.
     *
     * @throws IllegalStateException if a request failed
     */
    @Override
    public void close() {
        isClosed = true;
        for (Thread client : clients) {
            try {
                client.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (failure != null) {
            throw new IllegalStateException("a request of a client failed", failure);
        }
    }
}
