package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.lora4j.Refusals.state;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class AdapterViewTest {
    private final Network network = SmallModels.network();
    private final LoRAModel model = LoRAModel.of(network);
    private final INDArray x = SmallModels.input(20);

    private Map<String, INDArray> all() {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        for (String name : model.names()) {
            SmallModels.copies(model.parameters(name))
                    .forEach((parameter, value) -> copies.put(name + "/" + parameter, value));
        }
        return copies;
    }

    private List<String> changedSince(Map<String, INDArray> before) {
        List<String> changed = new ArrayList<>();
        for (String name : model.names()) {
            for (Parameter parameter : model.parameters(name)) {
                INDArray old = before.get(name + "/" + parameter.name());
                if (old != null && !SmallModels.sameBits(parameter.value(), old)) {
                    changed.add(name + "/" + parameter.name());
                }
            }
        }
        return changed;
    }

    @Test
    void eachAdapterOfSeveralTrainedInTurnChangesAlone() {
        for (String name : List.of("a", "b", "c")) {
            AdapterView view = model.add(name, LoRAConfig.of(2, 3));
            assertThat(view.names()).containsExactly(name);
            Map<String, INDArray> before = all();
            SmallModels.train(view, 5);
            assertThat(changedSince(before))
                    .containsExactlyElementsOf(view.parameters().stream()
                            .map(parameter -> name + "/" + parameter.name())
                            .toList());
        }
        assertThat(model.active()).containsExactly("a");
    }

    @Test
    void theModelRefusesToTrainIfAnotherAdapterCouldBeMeant() {
        SmallModels.train(model.add("a", LoRAConfig.of(2, 3)), 3);
        model.add("b", LoRAConfig.of(2, 3));
        Map<String, INDArray> before = all();
        assertThatIllegalStateException()
                .isThrownBy(() -> SmallModels.train(model, 3))
                .withMessageContaining("[b] can train but would not")
                .withMessageContaining("active [a]")
                .withMessageContaining("Trainer.builder(model.using(\"b\"))")
                .withMessageContaining("setTrainable");
        assertThat(changedSince(before)).isEmpty();
        model.setTrainable("a");
        SmallModels.train(model, 3);
        assertThat(changedSince(before)).isNotEmpty().allMatch(name -> name.startsWith("a/"));
    }

    @Test
    void nothingToTrainNamesWhatIsActiveFrozenAndTrainable() {
        model.add("a", LoRAConfig.of(2, 3));
        model.add("b", LoRAConfig.of(2, 3));
        model.setTrainable();
        assertThatIllegalStateException()
                .isThrownBy(() -> SmallModels.train(model, 3))
                .withMessageContaining("nothing to train")
                .withMessageContaining("active [a]; trainable []; frozen [a, b]");
        model.setTrainable("a");
        try (LoRAModel.Scope off = model.disable()) {
            assertThat(off).isNotNull();
            assertThatIllegalStateException()
                    .isThrownBy(() -> SmallModels.train(model, 3))
                    .withMessageContaining("active [a], disabled; trainable [a]; frozen [b]");
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> SmallModels.train(model.base(), 3))
                .withMessageContaining("the base is frozen");
        assertThatIllegalStateException()
                .isThrownBy(() -> {
                    model.setTrainable();
                    SmallModels.train(model.using("a", "b"), 3);
                })
                .withMessageContaining("the adapters [a, b] of this view are frozen; call setTrainable");
    }

    @Test
    void aViewOfAnAdapterFromDataMakesItTrainable() {
        LoRAAdapter data = model.add("a", SmallModels.random(1).build()).adapter();
        AdapterView view = model.add("loaded", data);
        assertThat(view.parameters()).noneMatch(Parameter::isTrainable);
        Map<String, INDArray> before = all();
        SmallModels.train(view, 3);
        assertThat(changedSince(before)).hasSize(6).allMatch(name -> name.startsWith("loaded/"));
    }

    @Test
    void aViewOfSeveralTrainsThoseThatAreTrainable() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).build());
        model.setTrainable("b");
        Map<String, INDArray> before = all();
        SmallModels.train(model.using("a", "b"), 3);
        assertThat(changedSince(before)).hasSize(6).allMatch(name -> name.startsWith("b/"));
    }

    @Test
    void savesAndLoadsWhereAUserLooksForIt(@TempDir Path folder) throws IOException {
        AdapterView a = model.add("a", SmallModels.random(1).build());
        a.save(folder.resolve("a"));
        assertThat(PeftAdapters.load(folder.resolve("a"), network).weights())
                .isEqualTo(a.adapter().weights());
        AdapterView b = model.load("b", folder.resolve("a"));
        assertSameBits(b.predict(x), a.predict(x));
        model.save("a", folder.resolve("by name"));
        assertThat(PeftAdapters.load(folder.resolve("by name"), network).weights())
                .isEqualTo(a.adapter().weights());
        assertThatIllegalStateException()
                .isThrownBy(() -> model.base().save(folder.resolve("base")))
                .withMessageContaining("exactly one adapter, found []");
        assertThatIllegalStateException()
                .isThrownBy(() -> model.using("a", "b").save(folder.resolve("two")))
                .withMessageContaining("exactly one adapter, found [a, b]");
        assertThat(folder.resolve("base")).doesNotExist();
        assertThat(folder.resolve("two")).doesNotExist();
    }

    @Test
    void mergesWhatIsNamedAndTheActiveOnesByACallOfTheirOwn() {
        AdapterView a = model.add("a", SmallModels.random(1).build());
        AdapterView b = model.add("b", SmallModels.random(2).build());
        assertSameBits(model.merge("b").predict(x), b.merge().predict(x));
        assertClose(b.merge().predict(x), b.predict(x), 1e-5);
        assertSameBits(model.mergeActive().predict(x), a.merge().predict(x));
        try (LoRAModel.Scope off = model.disable()) {
            assertThat(off).isNotNull();
            assertSameBits(model.mergeActive().predict(x), network.predict(x));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(model::merge)
                .withMessageContaining("at least one adapter must be named");
        assertThatIllegalArgumentException()
                .isThrownBy(model::using)
                .withMessageContaining("base() is the view of the base alone");
    }

    @Test
    void namesAreCheckedWhenAnAdapterIsAdded() {
        model.add("a", LoRAConfig.of(1, 1));
        for (String name : List.of("a/b", "..", "con", "x".repeat(121), "trailing.", "A", LoRAModel.BASE, " ")) {
            assertThatIllegalArgumentException().as(name).isThrownBy(() -> model.add(name, LoRAConfig.of(1, 1)));
            assertThatIllegalArgumentException()
                    .as(name)
                    .isThrownBy(() -> model.rename("a", name.equals("A") ? "" : name));
        }
        assertThat(model.names()).containsExactly("a");
        model.rename("a", "A");
        assertThat(model.names()).containsExactly("A");
    }

    @Test
    void aViewOfADeletedAdapterFailsAndOneOfAReplacedAdapterUsesTheNewData() {
        AdapterView a = model.add("a", SmallModels.random(1).build());
        LoRAAdapter other = model.add("b", SmallModels.random(2).build()).adapter();
        INDArray expected = model.using("b").predict(x);
        model.replace("a", other);
        assertSameBits(a.predict(x), expected);
        model.delete("a");
        assertThatIllegalArgumentException().isThrownBy(() -> a.predict(x)).withMessageContaining("no adapter 'a'");
    }

    @Test
    void defaultRankFitsATabularNetwork() {
        Network small = Network.builder(6).linear("l", 2).build(1);
        AdapterView view = LoRAModel.of(small)
                .add("a", LoRAConfig.builder().init(LoRAInit.random()).build());
        assertThat(view.adapter().config().rank()).isEqualTo(8);
        assertClose(view.predict(x), view.merge().predict(x), 1e-5);
    }

    @Test
    void sixtyFourThreadsUseViewsOfTheirOwn() throws Exception {
        int threads = 64;
        List<AdapterView> views = new ArrayList<>();
        List<INDArray> expected = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            AdapterView view = model.add(
                    "adapter-" + i,
                    SmallModels.random(i).rank(1 + i % 5).dora(i % 7 == 0).build());
            views.add(view);
            expected.add(view.predict(x));
        }
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<Boolean>> calls = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int mine = i;
                calls.add(() -> {
                    for (int repeat = 0; repeat < 20; repeat++) {
                        int which = (mine + repeat) % threads;
                        if (!SmallModels.sameBits(views.get(which).predict(x), expected.get(which))) {
                            return false;
                        }
                    }
                    return true;
                });
            }
            for (Future<Boolean> result : pool.invokeAll(calls)) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            pool.shutdown();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "dora", "pissa", "bias of B", "biases and a layer"})
    void aViewWithScaleComputesAsAnAdapterWithThatAlpha(String kind) {
        LoRAConfigBuilder config = SmallModels.random(4);
        switch (kind) {
            case "dora" -> config.dora(true);
            case "pissa" -> config.init(LoRAInit.pissa());
            case "bias of B" -> config.loraBias(true);
            case "biases and a layer" -> config.bias(BiasTraining.ALL).modulesToSave("linear3");
            default -> {}
        }
        AdapterView view = model.add("a", config.build());
        SmallModels.train(view, 5);
        INDArray whole = view.predict(x);
        AdapterView half = view.withScale(0.5);
        LoRAAdapter data = view.adapter();
        LoRAConfig halfAlpha =
                data.config().toBuilder().alpha(data.config().alpha() / 2).build();
        LoRAModel other = LoRAModel.of(SmallModels.network());
        AdapterView expected =
                other.add("a", new LoRAAdapter(halfAlpha, data.weights(), data.biases(), data.savedModules()));

        if (kind.equals("pissa")) {
            // The copy has twice the rank, so the order of the sums is another.
            assertClose(half.predict(x), expected.predict(x), 1e-5);
        } else {
            assertSameBits(half.predict(x), expected.predict(x));
            assertClose(half.merge().predict(x), expected.predict(x), 1e-5);
        }
        assertThat(SmallModels.sameBits(half.predict(x), whole)).isFalse();
        assertSameBits(view.predict(x), whole);
        assertSameBits(half.withScale(1).predict(x), whole);
    }

    @Test
    void aMergedCopyDoesNotCountForAnotherScale() {
        SmallModels.train(model.add("a", LoRAConfig.of(2, 3)), 5);
        INDArray half = model.using("a").withScale(0.5).predict(x);
        model.mergeForPrediction();
        assertSameBits(model.using("a").withScale(0.5).predict(x), half);
        assertClose(model.using("a").withScale(0).predict(x), model.base().predict(x), 1e-6);
    }

    @Test
    void aViewWithScaleIsForPredictions(@TempDir Path folder) throws Exception {
        AdapterView half = model.add("a", LoRAConfig.of(2, 3)).withScale(0.5);
        assertThat(half).hasToString("AdapterView[a] with scale × 0.5");
        Refusals.check(
                state(() -> SmallModels.train(half, 1))
                        .contains("train: the view must have the adapter's own scale, found it multiplied by 0.5"),
                state(half::adapter),
                state(() -> half.save(folder.resolve("half"))));
        assertThat(folder).isEmptyDirectory();
        for (double multiplier : new double[] {Double.NaN, Double.POSITIVE_INFINITY, 1e15}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> half.withScale(multiplier))
                    .withMessageContaining("found " + multiplier);
        }
    }
}
