package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.serve.ServingException.Reason;

/** The order of a queue, which the tests fill and empty by hand. */
class FairQueueTest {
    private static final FairQueue.Limits WIDE = FairQueue.Limits.of(100_000, 100_000, "rows", "maxWaitingRows");

    private static final class Plain extends Request {
        /** The number of the batch in which it came. */
        private final int came;

        Plain(String adapter, int size, RequestOptions options, int came) {
            super(adapter, size, size, options, 0);
            this.came = came;
        }
    }

    private static FairQueue<Plain> queue() {
        return new FairQueue<>(WIDE, adapter -> 1);
    }

    private static Plain add(FairQueue<Plain> queue, String adapter, int size) {
        return add(queue, new Plain(adapter, size, RequestOptions.defaults(), 0));
    }

    private static Plain add(FairQueue<Plain> queue, Plain request) {
        queue.admit(request);
        assertThat(queue.add(request)).isTrue();
        return request;
    }

    private static @Nullable Plain poll(FairQueue<Plain> queue) {
        return queue.poll(0, next -> true, late -> {
            throw new AssertionError("nothing may be late");
        });
    }

    /** The adapters of the next requests, in their order. */
    private static String order(FairQueue<Plain> queue, int requests) {
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < requests; i++) {
            Plain next = poll(queue);
            names.append(next == null ? "-" : next.adapter());
        }
        return names.toString();
    }

    /**
     * One adapter sends a hundred times as much as fifty others. In each batch of 16 rows it sends 100 requests, and each of the
     * others one now and then.
     */
    @Test
    @Tag("slow")
    void anAdapterThatFloodsWaitsForItself() {
        int others = 50;
        int room = 16;
        FairQueue.Limits limits = FairQueue.Limits.of(0, 1024, "rows", "maxWaitingRows");
        FairQueue<Plain> queue = new FairQueue<>(limits, adapter -> 1);
        SplittableRandom random = new SplittableRandom(5);
        int sentByOthers = 0;
        int rejectedFlood = 0;
        int sentByFlood = 0;
        int longest = 0;
        int servedOthers = 0;
        int servedFlood = 0;
        for (int batch = 0; batch < 1_000; batch++) {
            for (int i = 0; i < 100; i++) {
                Plain request = new Plain("flood", 1, RequestOptions.defaults(), batch);
                sentByFlood++;
                try {
                    add(queue, request);
                } catch (ServingException e) {
                    assertThat(e.reason()).isEqualTo(Reason.ADAPTER_BUSY);
                    rejectedFlood++;
                }
            }
            for (int other = 0; other < others; other++) {
                if (random.nextInt(50) == 0) {
                    add(queue, new Plain("other" + other, 1, RequestOptions.defaults(), batch));
                    sentByOthers++;
                }
            }
            for (int i = 0; i < room; i++) {
                Plain next = poll(queue);
                if (next == null) {
                    break;
                }
                if (next.adapter().equals("flood")) {
                    servedFlood++;
                } else {
                    longest = Math.max(longest, batch - next.came);
                    servedOthers++;
                }
            }
        }
        assertThat(sentByFlood).isGreaterThan(80 * sentByOthers);
        assertThat(servedOthers).isEqualTo(sentByOthers);
        assertThat(longest).as("batches that another one waited").isZero();
        // Nothing of the computation is lost: what the others leave is for the one with many requests.
        assertThat(servedFlood).isEqualTo(1_000 * room - servedOthers);
        assertThat(rejectedFlood).isPositive();
    }

    @Test
    void anAdapterWithoutRequestsEarnsNoCredit() {
        FairQueue<Plain> queue = queue();
        for (int i = 0; i < 100; i++) {
            add(queue, "a", 1);
        }
        assertThat(order(queue, 50)).isEqualTo("a".repeat(50));
        for (int i = 0; i < 50; i++) {
            add(queue, "b", 1);
        }
        // In turn, and not b until it has had as much as a ever had.
        assertThat(order(queue, 6)).isEqualTo("ababab");
    }

    @Test
    void theLastCounterCountsIfNobodyWaits() {
        FairQueue<Plain> queue = queue();
        add(queue, "a", 40);
        assertThat(order(queue, 1)).isEqualTo("a");
        add(queue, "b", 1);
        add(queue, "a", 1);
        add(queue, "b", 1);
        add(queue, "a", 1);
        assertThat(order(queue, 4)).isEqualTo("baba");
    }

    @Test
    void whatWasComputedIsRememberedWhileOthersWait() {
        FairQueue<Plain> queue = queue();
        for (int i = 0; i < 4; i++) {
            add(queue, "b", 1);
        }
        add(queue, "a", 3);
        assertThat(order(queue, 2)).isEqualTo("ba");
        // It has had 3, so it comes after the others have had as much.
        add(queue, "a", 1);
        assertThat(order(queue, 4)).isEqualTo("bbab");
    }

    @Test
    void weightsShareTheComputation() {
        FairQueue<Plain> queue = new FairQueue<>(WIDE, adapter -> adapter.equals("a") ? 3 : 1);
        for (int i = 0; i < 400; i++) {
            add(queue, "a", 1);
            add(queue, "b", 1);
        }
        String order = order(queue, 400);
        assertThat(order.chars().filter(c -> c == 'a').count()).isBetween(299L, 301L);
        FairQueue<Plain> wrong = new FairQueue<>(WIDE, adapter -> 0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> add(wrong, "a", 1))
                .withMessage("the weight of an adapter must be above 0 and finite, found 0.0 for 'a'");
        assertThat(wrong.pending()).isZero();
    }

    /** Between two adapters that always wait, the difference is bounded by the largest request, as in the paper. */
    @Test
    void theDifferenceOfServiceIsBounded() {
        FairQueue<Plain> queue = queue();
        SplittableRandom random = new SplittableRandom(3);
        int largest = 20;
        for (int i = 0; i < 2_000; i++) {
            add(queue, "a", 1 + random.nextInt(largest));
            add(queue, "b", 1 + random.nextInt(2));
        }
        Map<String, Long> served = new HashMap<>(Map.of("a", 0L, "b", 0L));
        for (int i = 0; i < 1_500; i++) {
            Plain next = poll(queue);
            if (next == null) {
                throw new AssertionError("there must be more");
            }
            served.merge(next.adapter(), next.units(), Long::sum);
            assertThat(Math.abs(served.getOrDefault("a", 0L) - served.getOrDefault("b", 0L)))
                    .isLessThanOrEqualTo(largest);
        }
    }

    @Test
    void unitsThatAreComputedLaterCountToo() {
        FairQueue<Plain> queue = queue();
        for (int i = 0; i < 3; i++) {
            add(queue, "a", 1);
            add(queue, "b", 1);
        }
        assertThat(order(queue, 2)).isEqualTo("ab");
        queue.charge("a", 2);
        assertThat(order(queue, 4)).isEqualTo("bbaa");
        queue.charge("a", 10);
        add(queue, "b", 1);
        add(queue, "b", 1);
        add(queue, "a", 1);
        add(queue, "b", 1);
        assertThat(order(queue, 4)).isEqualTo("bbba");
    }

    @Test
    void priorityOrdersTheRequestsOfOneAdapterOnly() {
        FairQueue<Plain> queue = queue();
        RequestOptions urgent = RequestOptions.defaults().withPriority(5);
        List<Plain> inOrder = new ArrayList<>();
        Plain later = add(queue, "a", 1);
        Plain last = add(queue, "a", 1);
        Plain ofOther = add(queue, "b", 1);
        Plain first = add(queue, new Plain("a", 1, urgent, 0));
        add(queue, new Plain("a", 1, urgent.withPriority(-1), 0));
        for (int i = 0; i < 4; i++) {
            inOrder.add(poll(queue));
        }
        assertThat(inOrder).containsExactly(first, ofOther, later, last);
    }

    @Test
    void whatDoesNotFitLetsOthersGoAndKeepsItsPlace() {
        FairQueue<Plain> queue = queue();
        Plain large = add(queue, "a", 10);
        add(queue, "a", 1);
        Plain small = add(queue, "b", 1);
        assertThat(queue.poll(0, next -> next.size() < 5, late -> {})).isSameAs(small);
        assertThat(queue.poll(0, next -> next.size() < 5, late -> {})).isNull();
        add(queue, "b", 1);
        assertThat(poll(queue)).isSameAs(large);
    }

    @Test
    void lateRequestsAreTakenOutAndCountForNobody() {
        FairQueue<Plain> queue = queue();
        RequestOptions soon = RequestOptions.defaults().withTimeout(Duration.ofNanos(10));
        Plain late = add(queue, new Plain("a", 7, soon, 0));
        Plain good = add(queue, "a", 1);
        Plain ofOther = add(queue, "b", 1);
        List<Plain> missed = new ArrayList<>();
        assertThat(queue.poll(10, next -> true, missed::add)).isSameAs(good);
        assertThat(missed).containsExactly(late);
        assertThat(queue.poll(10, next -> true, missed::add)).isSameAs(ofOther);
        assertThat(queue.waitingSize()).isZero();
        assertThat(queue.remove(late)).isFalse();
        Plain early = add(queue, new Plain("a", 1, soon, 0));
        assertThat(queue.poll(9, next -> true, missed::add)).isSameAs(early);
    }

    @Test
    void aRequestThatLeftItsPlaceDoesNotWait() {
        FairQueue<Plain> queue = queue();
        Plain loading = new Plain("a", 2, RequestOptions.defaults(), 0);
        queue.admit(loading);
        Plain ofOther = add(queue, "b", 1);
        assertThat(queue.requests()).isEqualTo(Map.of("a", 1, "b", 1));
        // Others do not wait for one whose adapter is being loaded.
        assertThat(poll(queue)).isSameAs(ofOther);
        assertThat(queue.remove(loading)).isTrue();
        assertThat(queue.add(loading)).isFalse();
        assertThat(poll(queue)).isNull();
        assertThat(queue.requests()).isEmpty();
        assertThat(queue.pending()).isEqualTo(2);
        queue.ended(2);
        assertThat(queue.pending()).isZero();
    }

    @Test
    void limitsSayWhichOneWasReached() {
        FairQueue<Plain> queue = new FairQueue<>(FairQueue.Limits.of(4, 10, "rows", "maxWaitingRows"), adapter -> 1);
        add(queue, "a", 3);
        Plain loading = new Plain("a", 3, RequestOptions.defaults(), 0);
        queue.admit(loading);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> add(queue, "a", 1))
                .withMessage("too many requests of the adapter 'a' wait; try again later")
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ADAPTER_BUSY))
                .satisfies(e -> assertThat(e.getCause())
                        .hasMessage("a request is accepted while fewer than 4 rows of its adapter wait, found 6 of 'a';"
                                + " send fewer requests at once, or set maxWaitingRowsPerAdapter"));
        add(queue, "b", 20);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> add(queue, "c", 1))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.SERVICE_BUSY))
                .satisfies(
                        e -> assertThat(e.getCause()).hasMessageContaining("fewer than 10 rows wait in all, found 26"));
        assertThat(queue.removeAllWaiting()).hasSize(2);
        add(queue, "c", 1);
        queue.close();
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> add(queue, "c", 1))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CLOSED));
        assertThat(queue.requests()).isEqualTo(Map.of("a", 1, "c", 1));
    }
}
