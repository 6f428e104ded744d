package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.fixtures.ProcessorTime;
import org.lora4j.serve.ServingException.Reason;

/** Work of requests before the model computes them. */
@MustEnd
class FairLimiterTest {
    private final List<Thread> threads = new ArrayList<>();

    private Thread start(Runnable action) {
        Thread thread = new Thread(action);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
        return thread;
    }

    @AfterEach
    void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join(Patience.LIMIT.toMillis());
            assertThat(thread.isAlive()).isFalse();
        }
    }

    private static void awaitWaiting(FairLimiter limiter, int threads) throws Exception {
        Patience.await(() -> limiter.waiting() == threads);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void boundsTheSizeAndTheThreads() throws Exception {
        FairLimiter limiter = new FairLimiter(100, 3);
        AtomicLong size = new AtomicLong();
        AtomicLong mostSize = new AtomicLong();
        AtomicInteger running = new AtomicInteger();
        AtomicInteger mostRunning = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        for (int i = 0; i < 40; i++) {
            int units = i % 4 == 0 ? 70 : 20;
            start(() -> done.addAndGet(limiter.run("a" + units, units, RequestOptions.defaults(), () -> {
                mostSize.accumulateAndGet(size.addAndGet(units), Math::max);
                mostRunning.accumulateAndGet(running.incrementAndGet(), Math::max);
                sleep(2);
                running.decrementAndGet();
                size.addAndGet(-units);
                return 1;
            })));
        }
        join();
        assertThat(done).hasValue(40);
        assertThat(mostSize.get()).isLessThanOrEqualTo(100);
        assertThat(mostRunning.get()).isLessThanOrEqualTo(3);
    }

    /** Starts work that goes on until each one has begun or waits. */
    private void assertRunAtOnce(int expected, int... sizes) throws Exception {
        FairLimiter limiter = new FairLimiter(100, 3);
        AtomicInteger running = new AtomicInteger();
        CountDownLatch end = new CountDownLatch(1);
        for (int units : sizes) {
            start(() -> limiter.run("a", units, RequestOptions.defaults(), () -> {
                running.incrementAndGet();
                await(end);
                return true;
            }));
        }
        Patience.await(() -> running.get() + limiter.waiting() == sizes.length);
        assertThat(running).hasValue(expected);
        end.countDown();
        join();
    }

    @Test
    void usesAllThreadsAndAllOfTheSize() throws Exception {
        assertRunAtOnce(3, 20, 20, 20, 20, 20);
        assertRunAtOnce(2, 50, 50, 50);
    }

    @Test
    void workThatIsLargerThanAllIsDoneAlone() {
        FairLimiter limiter = new FairLimiter(10, 2);
        assertThat(limiter.<String>run("a", 1_000_000_000_000L, RequestOptions.defaults(), () -> "done"))
                .isEqualTo("done");
    }

    @Test
    void anAdapterThatFloodsWaitsForItself() throws Exception {
        FairLimiter limiter = new FairLimiter(100, 1);
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        start(() -> limiter.run("flood", 100, RequestOptions.defaults(), () -> {
            begun.countDown();
            await(end);
            return order.add("flood");
        }));
        begun.await();
        for (int i = 0; i < 20; i++) {
            start(() -> limiter.run("flood", 100, RequestOptions.defaults(), () -> order.add("flood")));
            awaitWaiting(limiter, i + 1);
        }
        start(() -> limiter.run("other", 10, RequestOptions.defaults(), () -> order.add("other")));
        awaitWaiting(limiter, 21);
        end.countDown();
        join();
        assertThat(order).hasSize(22);
        assertThat(order.indexOf("other")).isBetween(1, 2);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aRequestThatIsLateOrCancelledLeaves() throws Exception {
        FairLimiter limiter = new FairLimiter(100, 1);
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        start(() -> limiter.run("a", 1, RequestOptions.defaults(), () -> {
            begun.countDown();
            await(end);
            return 0;
        }));
        begun.await();
        RequestOptions soon = RequestOptions.defaults().withTimeout(Duration.ofMillis(20));
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> limiter.run("b", 1, soon, () -> {
                    throw new AssertionError("it must not begin");
                }))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.LATE));
        List<Boolean> interrupted = Collections.synchronizedList(new ArrayList<>());
        Thread waiting = start(() -> {
            try {
                limiter.run("c", 1, RequestOptions.defaults(), () -> 0);
            } catch (CancellationException e) {
                interrupted.add(Thread.interrupted());
            }
        });
        awaitWaiting(limiter, 1);
        waiting.interrupt();
        waiting.join();
        assertThat(interrupted).containsExactly(true);
        assertThat(limiter.waiting()).isZero();
        end.countDown();
        assertThat(limiter.<Integer>run("d", 100, RequestOptions.defaults(), () -> 7))
                .isEqualTo(7);
    }

    @Test
    void aFailureOfTheWorkGivesItsRoomBack() {
        FairLimiter limiter = new FairLimiter(10, 1);
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> limiter.run("a", 10, RequestOptions.defaults(), () -> {
                    throw new ArithmeticException("of the work");
                }));
        assertThat(limiter.<Integer>run("a", 10, RequestOptions.defaults(), () -> 1))
                .isOne();
    }

    /** The system may have no thread left. */
    @Test
    void workThatCannotBeStartedGivesItsRoomBack() {
        AtomicInteger failures = new AtomicInteger(2);
        FairLimiter limiter = new FairLimiter(10, 1, 0, 1, 0, threads -> task -> {
            if (failures.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            start(task);
        });
        for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(OutOfMemoryError.class)
                    .isThrownBy(() -> limiter.run("a", 10, RequestOptions.defaults(), () -> 0))
                    .withMessage("unable to create native thread");
        }
        assertThat(limiter.<Integer>run("a", 10, RequestOptions.defaults(), () -> 1))
                .isOne();
        assertThat(limiter.waiting()).isZero();
    }

    /** Work that has begun goes on, but nobody waits for it. */
    @Test
    void workThatTakesTooLongIsLate() {
        FairLimiter limiter = new FairLimiter(10, 1);
        RequestOptions soon = RequestOptions.defaults().withTimeout(Duration.ofMillis(20));
        CountDownLatch end = new CountDownLatch(1);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> limiter.run("a", 10, soon, () -> {
                    await(end);
                    return 0;
                }))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.LATE));
        end.countDown();
        assertThat(limiter.<Integer>run("a", 10, RequestOptions.defaults(), () -> 1))
                .isOne();
    }

    private static Thread threadOf(FairLimiter limiter, int units) {
        return limiter.run("a", units, RequestOptions.defaults(), Thread::currentThread);
    }

    @Test
    void theThreadThatAsksDoesSmallWorkWhoseTurnComesAtOnce() throws Exception {
        FairLimiter limiter = new FairLimiter(100, 1, 5);
        assertThat(threadOf(limiter, 5)).isSameAs(Thread.currentThread());
        assertThat(threadOf(limiter, 6)).isNotSameAs(Thread.currentThread());
        assertThat(threadOf(new FairLimiter(100, 1), 1)).isNotSameAs(Thread.currentThread());
        // Work that has to wait is done by a thread of the limiter, so that its time can end.
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        start(() -> limiter.run("b", 5, RequestOptions.defaults(), () -> {
            begun.countDown();
            await(end);
            return 0;
        }));
        begun.await();
        List<Thread> done = Collections.synchronizedList(new ArrayList<>());
        Thread waiting = start(() -> done.add(threadOf(limiter, 5)));
        awaitWaiting(limiter, 1);
        end.countDown();
        waiting.join();
        assertThat(done).hasSize(1).doesNotContain(waiting);
    }

    @Test
    void smallWorkThatFailsGivesItsRoomBack() {
        FairLimiter limiter = new FairLimiter(10, 1, 10);
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> limiter.run("a", 10, RequestOptions.defaults(), () -> {
                    throw new ArithmeticException("of the work");
                }));
        assertThat(threadOf(limiter, 10)).isSameAs(Thread.currentThread());
    }

    @Test
    void whatARequestTookBeforeIsTakenOffItsTime() {
        RequestOptions two = RequestOptions.defaults().withPriority(3).withTimeout(Duration.ofSeconds(2));
        assertThat(two.after(Duration.ofMillis(500))).isEqualTo(two.withTimeout(Duration.ofMillis(1500)));
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> two.after(Duration.ofSeconds(2)))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.LATE));
        assertThat(RequestOptions.defaults().after(Duration.ofDays(1))).isEqualTo(RequestOptions.defaults());
    }

    @TestFactory
    List<DynamicTest> refusesWrongNumbers() {
        return table(
                argument(() -> new FairLimiter(0, 1)),
                argument(() -> new FairLimiter(1, 0)),
                argument(() -> new FairLimiter(1, 1, -1)),
                argument(() -> new FairLimiter(1, 2, 0, 0)),
                argument(() -> new FairLimiter(1, 2, 0, 3)),
                argument(() -> new FairLimiter(1, 2, 0, 2, -1)),
                argument(() -> FairLimiter.spend(-1)),
                argument(() -> new FairLimiter(1, 1).run("a", -1, RequestOptions.defaults(), () -> 0)));
    }

    @Test
    void workEndsWhenNobodyWaitsForIt() throws Exception {
        FairLimiter limiter = new FairLimiter(10, 1);
        CountDownLatch begun = new CountDownLatch(1);
        AtomicReference<Throwable> found = new AtomicReference<>();
        Thread asking = start(() -> assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> limiter.run("a", 1, RequestOptions.defaults(), () -> endlessWork(begun, found))));
        begun.await();
        asking.interrupt();
        join();
        Patience.await(() -> found.get() != null);
        assertThat(found.get()).isInstanceOf(CancellationException.class);
        assertThat(limiter.<Integer>run("a", 1, RequestOptions.defaults(), () -> 1))
                .isOne();
    }

    private static int endlessWork(CountDownLatch begun, AtomicReference<Throwable> end) {
        begun.countDown();
        try {
            while (true) {
                FairLimiter.spend(1);
            }
        } catch (RuntimeException e) {
            end.set(e);
            throw e;
        }
    }

    /** A lower bound of the time, which other work of the machine makes only longer. */
    @Test
    void longWorkMakesPauses() {
        FairLimiter limiter = new FairLimiter(10, 1, 0, 1, 3);
        Duration used = limiter.run("a", 1, RequestOptions.defaults(), () -> {
            Duration begin = ProcessorTime.now();
            Duration now = begin;
            long since = System.nanoTime();
            // The first 50 ms are without a pause.
            while (now.minus(begin).toMillis() < 150) {
                FairLimiter.spend(1);
                now = ProcessorTime.now();
            }
            return Duration.ofNanos(System.nanoTime() - since);
        });
        assertThat(used).isGreaterThan(Duration.ofMillis(300));
    }

    @Test
    void workEndsWhenItsTimeIsOver() throws Exception {
        FairLimiter limiter = new FairLimiter(10, 1);
        AtomicReference<Throwable> found = new AtomicReference<>();
        RequestOptions soon = RequestOptions.defaults().withTimeout(Duration.ofMillis(20));
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> limiter.run("a", 1, soon, () -> endlessWork(new CountDownLatch(1), found)))
                .matches(e -> e.reason() == Reason.LATE);
        Patience.await(() -> found.get() != null);
        assertThat(found.get())
                .isInstanceOfSatisfying(
                        ServingException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LATE));
    }

    @Test
    void whatWorkSpendsIsChargedToItsAdapter() throws Exception {
        FairLimiter limiter = new FairLimiter(100, 1);
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        start(() -> limiter.run("spender", 1, RequestOptions.defaults(), () -> {
            begun.countDown();
            await(end);
            FairLimiter.spend(1000);
            return order.add("spender");
        }));
        begun.await();
        start(() -> limiter.run("spender", 1, RequestOptions.defaults(), () -> order.add("spender")));
        awaitWaiting(limiter, 1);
        for (int i = 0; i < 5; i++) {
            start(() -> limiter.run("other", 100, RequestOptions.defaults(), () -> order.add("other")));
            awaitWaiting(limiter, i + 2);
        }
        end.countDown();
        join();
        assertThat(order).containsExactly("spender", "other", "other", "other", "other", "other", "spender");
    }

    @Test
    void oneAdapterLeavesThreadsToOthers() throws Exception {
        FairLimiter limiter = new FairLimiter(100, 2, 0, 1);
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger begun = new AtomicInteger();
        for (int i = 0; i < 3; i++) {
            start(() -> limiter.run("flood", 1, RequestOptions.defaults(), () -> {
                begun.incrementAndGet();
                await(end);
                return true;
            }));
        }
        awaitWaiting(limiter, 2);
        assertThat(limiter.<String>run("other", 1, RequestOptions.defaults(), () -> "done"))
                .isEqualTo("done");
        assertThat(begun).hasValue(1);
        end.countDown();
        join();
        assertThat(begun).hasValue(3);
    }

    @Test
    void spendingOutsideOfALimiterDoesNothing() {
        FairLimiter.spend(5);
        FairLimiter limiter = new FairLimiter(10, 1);
        assertThat(limiter.<Integer>run("a", 1, RequestOptions.defaults(), () -> 1))
                .isOne();
    }

    @Test
    void threadsThatDoTheSameWorkStandStill() throws Exception {
        FairLimiter limiter = new FairLimiter(10, 1);
        assertThat(limiter.standstill()).isZero();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        start(() -> limiter.run("a", 1, RequestOptions.defaults(), () -> {
            begun.countDown();
            await(end);
            return true;
        }));
        begun.await();
        Patience.await(() -> limiter.standstill().toMillis() > 20);
        end.countDown();
        join();
        assertThat(limiter.standstill()).isZero();
    }

    @Test
    void workCanBeSubmittedWithoutWaiting() throws Exception {
        FairLimiter limiter = new FairLimiter(10, 1);
        CountDownLatch end = new CountDownLatch(1);
        CompletableFuture<Integer> first = limiter.submit("a", 1, () -> {
            await(end);
            return 1;
        });
        CompletableFuture<Integer> failing = limiter.submit("a", 1, () -> {
            throw new IllegalArgumentException("wrong");
        });
        assertThat(first).isNotDone();
        end.countDown();
        assertThat(first.join()).isOne();
        assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(failing::join)
                .withCauseInstanceOf(IllegalArgumentException.class);
    }
}
