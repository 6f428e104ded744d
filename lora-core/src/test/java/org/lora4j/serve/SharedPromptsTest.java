package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.nd4j.linalg.api.buffer.DataType;

/** A {@link GenerationService} that computes the beginning of prompts once. */
@MustEnd
@Tag("numbers")
class SharedPromptsTest {
    private static final List<String> ADAPTERS = List.of("a", "b", "c", "d");

    private final SplittableRandom random = new SplittableRandom(3);
    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 700);
    private final LoRAModel model = LoRAModel.of(network);
    private final int[] system = ids(200);

    @BeforeEach
    void addAdapters() {
        for (String name : ADAPTERS) {
            model.add(name, data(name.charAt(0)));
        }
    }

    private LoRAAdapter data(long seed) {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(8)
                .targetModules("q", "k", "v", "gate")
                .init(LoRAInit.random())
                .seed(seed)
                .build();
        return LoRAAdapter.initialize(network, config).adapter();
    }

    private int[] ids(int length) {
        return random.ints(length, 0, Decoders.VOCABULARY).toArray();
    }

    private int[] prompt(int shared, int own) {
        return IntStream.concat(Arrays.stream(system, 0, shared), Arrays.stream(ids(own)))
                .toArray();
    }

    private static GenerationRequest request(String adapter, int[] prompt, int tokens) {
        return GenerationRequest.of(adapter, prompt, GenerationOptions.greedy().withMaxTokens(tokens));
    }

    private GenerationService.Builder byHand() {
        return GenerationService.builder(model).steps(task -> {}).executor(Runnable::run);
    }

    private static Generation finished(GenerationService service, GenerationRequest request) {
        GenerationHandle handle = service.generate(request);
        finish(service);
        return handle.join();
    }

    private static void finish(GenerationService service) {
        while (service.step()) {
            // Until nothing is left.
        }
    }

    /** Turns of conversations of four adapters, in any order, some of which continue a conversation by name. */
    @Test
    void answersAreThoseOfAServiceThatKeepsNothing() {
        try (GenerationService shared =
                        GenerationService.builder(model).maxRunning(6).build();
                GenerationService alone =
                        GenerationService.builder(model).maxPrefixBytes(0).build()) {
            List<GenerationRequest> requests = new ArrayList<>();
            for (int conversation = 0; conversation < 12; conversation++) {
                String adapter = ADAPTERS.get(random.nextInt(ADAPTERS.size()));
                int[] text = prompt(100 + random.nextInt(100), 5 + random.nextInt(30));
                for (int turn = 0; turn < 3; turn++) {
                    GenerationRequest request = request(adapter, text, 1 + random.nextInt(5));
                    if (random.nextInt(3) == 0) {
                        request = request.withConversation("c" + conversation);
                    }
                    requests.add(request);
                    text = IntStream.concat(Arrays.stream(text), Arrays.stream(ids(30)))
                            .toArray();
                }
            }
            List<GenerationHandle> handles = new ArrayList<>();
            List<GenerationHandle> expected = new ArrayList<>();
            while (!requests.isEmpty()) {
                GenerationRequest next = requests.remove(random.nextInt(requests.size()));
                handles.add(shared.generate(next));
                expected.add(alone.generate(next));
            }
            for (int i = 0; i < handles.size(); i++) {
                assertThat(handles.get(i).join().newTokens())
                        .isEqualTo(expected.get(i).join().newTokens());
            }
            ServingStats.OfAdapter all = shared.stats().all();
            int prompts = handles.stream()
                    .mapToInt(each -> each.join().promptTokens())
                    .sum();
            int answers = handles.stream()
                    .mapToInt(each -> each.join().newTokens().size())
                    .sum();
            int reused = handles.stream()
                    .mapToInt(each -> each.join().reusedTokens())
                    .sum();
            assertThat(all.reusedTokens()).isEqualTo(reused).isGreaterThan(prompts / 2);
            assertThat(all.units()).isEqualTo(prompts + answers - reused);
            assertThat(shared.prefixBytes()).isPositive();
            assertThat(alone.prefixBytes()).isZero();
        }
    }

    @Test
    void countsWhatWasKnown() {
        try (GenerationService service = byHand().build()) {
            int[] prompt = prompt(200, 40);
            GenerationHandle first = service.generate(request("a", prompt, 2));
            GenerationHandle second = service.generate(request("a", prompt, 2));
            finish(service);
            assertThat(first.join().reusedTokens()).isZero();
            assertThat(second.join().reusedTokens()).isEqualTo(224);
            ServingStats.OfAdapter figures = service.stats().adapter("a");
            assertThat(figures.reusedTokens()).isEqualTo(224);
            assertThat(figures.units()).isEqualTo(240 + 16 + 4);
            assertThat(service.stats().batchUnits().sum()).isEqualTo(240 + 16 + 4);
            assertThat(service.stats().adapter("b").reusedTokens()).isZero();
        }
    }

    /** The tokens that an adapter does not compute are not counted in the fair order. */
    @Test
    void whatIsKnownCountsForNobody() {
        List<String> order = new ArrayList<>();
        try (GenerationService service = byHand().maxRunning(1).build()) {
            int[] prompt = prompt(200, 0);
            finished(service, request("a", prompt, 1));
            finished(service, request("b", ids(200), 1));
            for (int i = 0; i < 3; i++) {
                for (String adapter : List.of("b", "a")) {
                    int[] next = adapter.equals("a") ? prompt : ids(200);
                    CompletableFuture<Void> unused =
                            service.generate(request(adapter, next, 1)).result().thenRun(() -> order.add(adapter));
                }
            }
            finish(service);
        }
        assertThat(order.subList(1, 4)).as("after one of b at most").containsOnly("a");
    }

    @Test
    void scopesAndAdaptersShareNothing() {
        try (GenerationService service = byHand().build()) {
            int[] prompt = prompt(200, 0);
            GenerationRequest request = request("a", prompt, 2);
            List<@Nullable String> scopes = Arrays.asList(null, "one", "other");
            for (String scope : scopes) {
                GenerationRequest scoped = scope == null ? request : request.withScope(scope);
                assertThat(finished(service, scoped).reusedTokens()).as(scope).isZero();
                assertThat(finished(service, scoped).reusedTokens()).as(scope).isEqualTo(176);
            }
            assertThat(finished(service, request("b", prompt, 2)).reusedTokens())
                    .isZero();
        }
        // A conversation of another scope is another one, also if nothing else is shared.
        try (GenerationService service = byHand().maxPrefixBytes(0).build()) {
            GenerationRequest request = request("a", prompt(200, 0), 2).withConversation("c");
            finished(service, request.withScope("one"));
            assertThat(finished(service, request.withScope("other")).reusedTokens())
                    .isZero();
            assertThat(finished(service, request.withScope("one")).reusedTokens())
                    .isEqualTo(199);
        }
    }

    @Test
    void dropsTheMemoryOfAnAdapterThatGoes() {
        try (GenerationService service = byHand().build()) {
            int[] prompt = prompt(200, 0);
            finished(service, request("a", prompt, 1));
            long ofOne = service.prefixBytes();
            assertThat(ofOne).isPositive();
            finished(service, request("b", prompt, 1));
            assertThat(service.prefixBytes()).isEqualTo(2 * ofOne);
            model.delete("a");
            finished(service, request("b", prompt, 1));
            assertThat(service.prefixBytes()).isEqualTo(ofOne);
            model.replace("b", data(8));
            finished(service, request("c", ids(5), 1));
            assertThat(service.prefixBytes()).isZero();
        }
    }

    /** Each answer is that of one content, from its first token to its last one. */
    @Test
    void contentsAreNeverMixedWhileTheyAreReplaced() {
        int[] prompt = prompt(200, 100);
        List<LoRAAdapter> contents = List.of(data(1), data(2), data(3));
        List<List<Integer>> possible = new ArrayList<>();
        for (LoRAAdapter content : contents) {
            model.replace("a", content);
            possible.add(Generator.of(model.using("a"))
                    .generate(prompt, GenerationOptions.greedy().withMaxTokens(8))
                    .newTokens());
        }
        assertThat(possible).doesNotHaveDuplicates();
        AtomicBoolean ends = new AtomicBoolean();
        try (GenerationService service =
                GenerationService.builder(model).maxRunning(4).build()) {
            CompletableFuture<Void> replacing = CompletableFuture.runAsync(() -> {
                for (int i = 0; !ends.get(); i++) {
                    model.replace("a", contents.get(i % contents.size()));
                    Thread.onSpinWait();
                }
            });
            List<GenerationHandle> handles = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                handles.add(service.generate(request("a", prompt, 8)));
                if (i % 5 == 4) {
                    handles.forEach(GenerationHandle::join);
                }
            }
            for (GenerationHandle handle : handles) {
                assertThat(handle.join().newTokens()).isIn(possible);
            }
            ends.set(true);
            replacing.join();
            model.replace("a", contents.get(1));
            assertThat(service.generate(request("a", prompt, 8)).join().newTokens())
                    .isEqualTo(possible.get(1));
        }
    }

    @Test
    void refusesANegativeLimit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GenerationService.builder(model).maxPrefixBytes(-1))
                .withMessage("maxPrefixBytes must not be negative, found -1");
    }
}
