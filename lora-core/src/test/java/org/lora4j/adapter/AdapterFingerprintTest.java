package org.lora4j.adapter;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The fingerprint says what an adapter computes, and nothing else. */
class AdapterFingerprintTest {
    private final LoRAModel model = SmallModels.model();

    private LoRAAdapter everything() {
        model.add(
                "all",
                SmallModels.random(1)
                        .targetModules("linear1", "linear2")
                        .modulesToSave("linear3")
                        .bias(BiasTraining.ALL)
                        .dora(true)
                        .build());
        return model.adapter("all");
    }

    private static LoRAAdapter known(int alpha, double inB) {
        INDArray a = Nd4j.createFromArray(new float[][] {{1, 2, 3, 4, 5, 6}});
        INDArray b = Nd4j.zeros(DataType.FLOAT, 8, 1);
        b.putScalar(3, 0, inB);
        return new LoRAAdapter(
                LoRAConfig.builder()
                        .rank(1)
                        .alpha(alpha)
                        .targetModules("linear1")
                        .build(),
                Map.of("linear1", new LoRAWeights(LayerKind.LINEAR, a, b, null, null)));
    }

    /** The number was computed with Python's hashlib from the lines that the class describes. */
    @Test
    void isTheSameOnEveryMachine() {
        assertThat(known(2, -0.5).fingerprint())
                .isEqualTo("3be2944cdca1c14ab087acc00eab5bdfbdc70781e01ac4ee3f37a6df4ebacac5");
    }

    @Test
    void isThatOfTheSavedAndLoadedAdapter(@TempDir Path folder) throws Exception {
        LoRAAdapter adapter = everything();
        model.save("all", folder);
        LoRAModel other = SmallModels.model();
        other.load("loaded", folder);
        assertThat(other.adapter("loaded").fingerprint()).isEqualTo(adapter.fingerprint());
        assertThat(other.fingerprint("loaded")).isEqualTo(adapter.fingerprint()).matches("[0-9a-f]{64}");
        // The numbers of the file are exact in double precision.
        LoRAModel doubles = LoRAModel.of(SmallModels.network(DataType.DOUBLE, 1));
        doubles.load("loaded", folder);
        assertThat(doubles.fingerprint("loaded")).isEqualTo(adapter.fingerprint());
    }

    @Test
    void doesNotDependOnTheOrderOfLayersAndArraysInMemory() {
        LoRAAdapter adapter = everything();
        Map<String, LoRAWeights> reversed = new LinkedHashMap<>();
        List<String> paths = new ArrayList<>(adapter.weights().keySet());
        for (int i = paths.size() - 1; i >= 0; i--) {
            LoRAWeights weights = requireNonNull(adapter.weights().get(paths.get(i)));
            reversed.put(
                    paths.get(i),
                    new LoRAWeights(
                            weights.kind(),
                            weights.loraA().dup('f'),
                            weights.loraB(),
                            weights.magnitude(),
                            weights.loraBBias()));
        }
        assertThat(new LoRAAdapter(adapter.config(), reversed, adapter.biases(), adapter.savedModules()).fingerprint())
                .isEqualTo(adapter.fingerprint());
    }

    @Test
    void differsWithEachPartThatDecidesTheOutput() {
        LoRAAdapter adapter = everything();
        List<String> all = new ArrayList<>();
        all.add(adapter.fingerprint());
        all.add(new LoRAAdapter(
                        adapter.config().toBuilder().alpha(7).build(),
                        adapter.weights(),
                        adapter.biases(),
                        adapter.savedModules())
                .fingerprint());
        all.add(new LoRAAdapter(adapter.config(), adapter.weights(), Map.of(), adapter.savedModules()).fingerprint());
        all.add(new LoRAAdapter(adapter.config(), adapter.weights(), adapter.biases(), Map.of()).fingerprint());
        model.parameters("all").forEach(parameter -> {
            INDArray value = parameter.value();
            double before = value.getDouble(0);
            value.putScalar(0, before + 1);
            all.add(model.fingerprint("all"));
            value.putScalar(0, before);
        });
        assertThat(all).hasSizeGreaterThan(10).doesNotHaveDuplicates();
        assertThat(known(2, 1).fingerprint()).isNotEqualTo(known(3, 1).fingerprint());
        LoRAAdapter otherDropout = new LoRAAdapter(
                known(2, 1).config().toBuilder().dropout(0.3).build(),
                known(2, 1).weights());
        assertThat(otherDropout.fingerprint()).isEqualTo(known(2, 1).fingerprint());
    }

    @Test
    void followsATrainingAndIsRememberedWhileTheAdapterIsFrozen() {
        model.add("trained", SmallModels.random(1).build());
        String before = model.fingerprint("trained");
        SmallModels.train(model, 2);
        model.setTrainable();
        String after = model.fingerprint("trained");
        assertThat(after)
                .isNotEqualTo(before)
                .isEqualTo(model.adapter("trained").fingerprint());
        assertThat(model.snapshot().knownFingerprint("trained")).isEqualTo(after);
        model.setTrainable("trained");
        assertThat(model.snapshot().knownFingerprint("trained")).isNull();
        SmallModels.train(model, 2);
        model.setTrainable();
        assertThat(model.fingerprint("trained"))
                .isNotEqualTo(after)
                .isEqualTo(model.adapter("trained").fingerprint());
    }
}
