package org.lora4j.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.tokens.Tokenizers;

@MustEnd
class GrammarCacheTest {
    @TempDir
    Path folder;

    @Test
    void theSchemasThatWereUsedLastAreKept() throws Exception {
        Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes());
        GrammarCache cache = new GrammarCache(GrammarVocabulary.load(folder));
        TokenConstraint first = cache.jsonSchema(schema(0));
        TokenConstraint second = cache.jsonSchema(schema(1));
        for (int i = 2; i <= 16; i++) {
            assertThat(cache.jsonSchema(schema(0))).isSameAs(first);
            assertThat(cache.jsonSchema(schema(i))).isNotSameAs(first);
        }
        // The 17th schema has replaced it.
        assertThat(cache.jsonSchema(schema(1))).isNotSameAs(second);
        assertThat(cache.jsonSchema(schema(0))).isSameAs(first);
        assertThatIllegalArgumentException().isThrownBy(() -> cache.jsonSchema("{\"type\": \"x\"}"));
    }

    private GrammarVocabulary vocabulary() throws Exception {
        Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes());
        return GrammarVocabulary.load(folder);
    }

    private static String constant(char character, int length) {
        return "{\"const\": \"" + String.valueOf(character).repeat(length) + "\"}";
    }

    private static GrammarLease lease(GrammarCache cache, String schema) {
        return cache.lease("a", RequestOptions.defaults(), schema, () -> Grammar.jsonSchema(schema), 10_000);
    }

    @Test
    void aLeaseNamesWhatHasNoEffectAlsoIfTheGrammarIsKnown() throws Exception {
        GrammarCache cache = new GrammarCache(vocabulary());
        String schema = "{\"type\": \"integer\", \"x-order\": 1, \"format\": \"odd\"}";
        for (int i = 0; i < 2; i++) {
            try (GrammarLease lease = lease(cache, schema)) {
                assertThat(lease.annotations()).containsExactlyInAnyOrder("x-order", "format: odd");
            }
        }
        try (GrammarLease lease = lease(cache, constant('x', 10))) {
            assertThat(lease.annotations()).isEmpty();
        }
    }

    @Test
    void aGrammarThatCannotBeginIsNotKept() throws Exception {
        GrammarCache cache = new GrammarCache(vocabulary());
        String schema = constant('x', 5000);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        cache.lease("a", RequestOptions.defaults(), schema, () -> Grammar.jsonSchema(schema), 100))
                .withMessageContaining("maxTokens must be at least");
        assertThat(cache.bytes()).isZero();
        try (GrammarLease lease = lease(cache, schema)) {
            assertThat(lease.constraint().begin(10_000).isComplete()).isFalse();
            assertThat(cache.bytes()).isGreaterThan(5000);
        }
        // It is kept for the next request, which compiles nothing.
        try (GrammarLease again = cache.lease(
                "a",
                RequestOptions.defaults(),
                schema,
                () -> {
                    throw new AssertionError("it is known");
                },
                10_000)) {
            assertThat(again.constraint().begin(10_000).canContinue()).isTrue();
        }
    }

    @Test
    void theMemoryOfAllGrammarsIsBounded() throws Exception {
        GrammarVocabulary vocabulary = vocabulary();
        GrammarCache measuring = new GrammarCache(vocabulary);
        lease(measuring, constant('x', 2000)).close();
        long one = measuring.bytes();
        GrammarCache cache = new GrammarCache(vocabulary, 5 * one / 2);
        GrammarLease first = lease(cache, constant('a', 2000));
        GrammarLease second = lease(cache, constant('b', 2000));
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> lease(cache, constant('c', 2000)))
                .matches(e -> e.reason() == Reason.SERVICE_BUSY);
        assertThat(cache.bytes()).isLessThanOrEqualTo(5 * one / 2);
        // What nobody uses makes room.
        first.close();
        first.close();
        GrammarLease third = lease(cache, constant('c', 2000));
        assertThatExceptionOfType(ServingException.class).isThrownBy(() -> lease(cache, constant('a', 2000)));
        second.close();
        third.close();
        assertThat(cache.bytes()).isBetween(one, 5 * one / 2);
        // One alone may be larger.
        GrammarCache small = new GrammarCache(vocabulary, one / 2);
        lease(small, constant('a', 2000)).close();
        assertThat(small.bytes()).isZero();
    }

    /** A large one makes the garbage collector stop all others for long. */
    @Test
    void aGrammarOfAClientIsSmallerThanThoseOfThePrograms() throws Exception {
        GrammarCache cache = new GrammarCache(vocabulary());
        // A character takes 256 bytes.
        int length = (int) Math.min(300_000, Runtime.getRuntime().maxMemory() / 64 / 256 * 2);
        assumeThat(256L * length).isGreaterThan(Runtime.getRuntime().maxMemory() / 64);
        String schema = constant('x', length);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.lease(
                        "a", RequestOptions.defaults(), schema, () -> Grammar.jsonSchema(schema), 2 * length))
                .withMessageContaining("must weigh at most");
        assertThat(cache.bytes()).isZero();
        assertThat(cache.jsonSchema(schema).begin(2 * length).canContinue()).isTrue();
        try (GrammarLease small = lease(cache, constant('x', 100))) {
            assertThat(small.constraint().begin(200).canContinue()).isTrue();
        }
    }

    @Test
    void whatIsComputedAtOnceForManyAnswersIsBoundTogether() {
        AtomicLong clock = new AtomicLong();
        StepBudget budget = new StepBudget(clock::get);
        long first = budget.left();
        assertThat(first).isEqualTo(50_000);
        budget.spend(first);
        // What is known can still be read.
        assertThat(budget.left()).isEqualTo(200);
        clock.addAndGet(1_000_000);
        assertThat(budget.left()).isEqualTo(first / 10);
        budget.spend(3 * first);
        clock.addAndGet(10_000_000);
        assertThat(budget.left()).isEqualTo(200);
        clock.addAndGet(1_000_000_000);
        assertThat(budget.left()).isEqualTo(first);
    }

    /** This pattern and the length exclude each other, which takes a long search. */
    private static Grammar hard(AtomicReference<Throwable> end) {
        while (true) {
            try {
                Grammar.jsonSchema(
                        "{\"type\":\"string\",\"pattern\":\"^(?:(?:aaaaaaa)*|(?:bbbbbbbbbbb)+)$\",\"minLength\":100000,\"maxLength\":100001}");
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageContaining("must");
            } catch (RuntimeException e) {
                end.set(e);
                throw e;
            }
        }
    }

    @Test
    void compilationEndsWithTheTimeOfItsRequest() throws Exception {
        GrammarCache cache = new GrammarCache(vocabulary());
        AtomicReference<Throwable> end = new AtomicReference<>();
        RequestOptions soon = RequestOptions.defaults().withTimeout(Duration.ofMillis(300));
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> cache.lease("a", soon, "key", () -> hard(end), 10))
                .matches(e -> e.reason() == Reason.LATE);
        // The thread of the cache finds it out by itself, and is free for the next one.
        Patience.await(() -> end.get() instanceof ServingException);
        assertThat(lease(cache, schema(1)).constraint()).isNotNull();
    }

    @Test
    void theCompilationsOfOneAdapterDoNotKeepOthersOut() throws Exception {
        GrammarCache cache = new GrammarCache(vocabulary());
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String key = "slow " + i;
            Thread thread = new Thread(() -> cache.lease(
                            "flood",
                            RequestOptions.defaults(),
                            key,
                            () -> {
                                begun.countDown();
                                await(end);
                                return Grammar.text("a");
                            },
                            10)
                    .close());
            thread.start();
            threads.add(thread);
        }
        begun.await();
        try (GrammarLease lease = cache.lease("other", RequestOptions.defaults(), "k", () -> Grammar.text("b"), 10)) {
            assertThat(lease.constraint().begin(10).canContinue()).isTrue();
        }
        end.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String schema(int least) {
        return "{\"type\": \"integer\", \"minimum\": " + least + "}";
    }
}
