package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TargetModules;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The two files of an adapter, and a model that computes with it. */
final class PeftTarget implements Target {
    static final String CONFIG = "adapter_config.json";

    /** With less than this in absolute value, no sum of a small network exceeds the range of FLOAT. */
    private static final double MODERATE = 1e6;

    private final Network base = SmallModels.network();
    private final INDArray x = Samples.gaussian(3, DataType.FLOAT, 3, base.inputSize());

    @Override
    public String kind() {
        return "peft";
    }

    @Override
    public List<Sample> sound() {
        return List.of(
                sample("all linear", random()),
                sample("list", random().targetModules("linear1", "linear2").alphaPattern(Map.of("linear1", 7.0))),
                sample("expression", random().targetModules(TargetModules.regex("linear[12]"))),
                sample(
                        "rank pattern",
                        random().rankPattern(Map.of("linear2", 1)).rankStabilized(true)),
                sample("dora", random().dora(true).loraBias(false)),
                sample(
                        "all parts",
                        random().targetModules("linear1").loraBias(true).bias(BiasTraining.ALL)),
                sample("saved layer", random().targetModules("linear1").modulesToSave("linear3")));
    }

    private static LoRAConfigBuilder random() {
        return LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).seed(4);
    }

    private Sample sample(String name, LoRAConfigBuilder config) {
        PeftFiles files =
                PeftFiles.of(LoRAAdapter.initialize(base, config.build()).adapter(), base);
        return new Sample(name, Map.of(CONFIG, files.config(), TENSORS, files.tensors()));
    }

    @Override
    public void read(Sample sample) throws IOException, Refusal {
        PeftFiles files =
                PeftFiles.read(sample.file(CONFIG), sample.file(TENSORS), ReadOptions.of(FingerprintCheck.IGNORE));
        readWithoutBase(files);
        LoRAAdapter adapter = files.adapter(base);
        PeftFiles written = PeftFiles.of(adapter, base);
        LoRAAdapter again = PeftFiles.read(
                        written.config(), written.tensors(), ReadOptions.of(FingerprintCheck.REQUIRE))
                .adapter(base);
        assertSame(PeftFiles.of(again, base), written);
        predict(adapter);
    }

    /** An adapter can be read without its base too; it may be refused for other reasons then. */
    private void readWithoutBase(PeftFiles files) {
        try {
            LoRAAdapter alone = files.adapter();
            PeftFiles written = PeftFiles.of(alone);
            LoRAAdapter again =
                    PeftFiles.read(written.config(), written.tensors()).adapter();
            assertSame(PeftFiles.of(again), written);
            predict(alone);
        } catch (IOException | Refusal e) {
            Attack.assertClear(e);
        }
    }

    /** Adapters are compared as files, because those of all linear layers name the layers when they are written. */
    private static void assertSame(PeftFiles actual, PeftFiles expected) {
        assertThat(new String(actual.config(), StandardCharsets.UTF_8))
                .isEqualTo(new String(expected.config(), StandardCharsets.UTF_8));
        assertThat(actual.tensors()).isEqualTo(expected.tensors());
    }

    private void predict(LoRAAdapter adapter) throws Refusal {
        LoRAModel model = LoRAModel.of(base);
        try {
            model.add("x", adapter);
        } catch (IllegalArgumentException e) {
            throw new Refusal(e);
        }
        INDArray y = model.predict(x);
        INDArray mixed = model.predict(x, List.of("x", LoRAModel.BASE, "x"));
        if (isModerate(adapter)) {
            assertThat(AttackData.isFinite(y)).as("the prediction is finite").isTrue();
            assertThat(AttackData.isFinite(mixed))
                    .as("the mixed batch is finite")
                    .isTrue();
        }
    }

    private static boolean isModerate(LoRAAdapter adapter) {
        Stream<INDArray> arrays = Stream.of(
                        adapter.weights().values().stream().flatMap(PeftTarget::arrays),
                        adapter.biases().values().stream(),
                        adapter.savedModules().values().stream().flatMap(module -> Stream.ofNullable(module.weight())),
                        adapter.savedModules().values().stream().flatMap(module -> Stream.ofNullable(module.bias())))
                .flatMap(stream -> stream);
        return arrays.allMatch(array -> array.amaxNumber().doubleValue() <= MODERATE)
                && adapter.weights().keySet().stream()
                        .allMatch(path -> Math.abs(adapter.config().scaleOf(path)) <= MODERATE);
    }

    private static Stream<INDArray> arrays(LoRAWeights weights) {
        return Stream.concat(
                Stream.of(weights.loraA(), weights.loraB()),
                Stream.concat(Stream.ofNullable(weights.magnitude()), Stream.ofNullable(weights.loraBBias())));
    }
}
