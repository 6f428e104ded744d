package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.TestDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Outputs and trainings of PEFT. */
@Tag("numbers")
class DoRAGoldenTest {
    private static final List<String> PATHS = List.of("linear1", "linear2", "linear3");

    private final Network network = Models.dense(12, 16, 9, 5);

    private static Path golden(String path) throws Exception {
        return Path.of(Objects.requireNonNull(DoRAGoldenTest.class.getResource("/golden/" + path))
                .toURI());
    }

    private LoRAModel model(String name, String adapter, LoRAConfig config) throws Exception {
        network.loadParameters(golden(name + "/base.safetensors"));
        SafeTensors file = SafeTensors.read(golden(name + "/" + adapter + "/adapter_model.safetensors"));
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        for (String path : PATHS) {
            String prefix = "base_model.model." + path;
            weights.put(
                    path,
                    new LoRAWeights(
                            file.tensor(prefix + ".lora_A.weight"),
                            file.tensor(prefix + ".lora_B.weight"),
                            file.tensor(prefix + ".lora_magnitude_vector"),
                            null));
        }
        LoRAModel model = LoRAModel.of(network);
        model.add("default", new LoRAAdapter(config, weights));
        return model;
    }

    private static void assertClose(String what, INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(Differences.greatest(actual, expected)).as(what).isLessThanOrEqualTo(tolerance);
    }

    @Test
    void computesTheOutputsOfTheReference() throws Exception {
        LoRAConfig config = LoRAConfig.builder().rank(3).alpha(6).dora(true).build();
        SafeTensors io = SafeTensors.read(golden("dora_r3_a6/io.safetensors"));
        INDArray x = io.tensor("x");
        LoRAModel model = model("dora_r3_a6", "adapter", config);
        assertClose("adapter", model.predict(x), io.tensor("y_adapter"), 1e-5);

        LoRAModel begun = LoRAModel.of(network);
        begun.add("default", config);
        assertClose("at the beginning", begun.predict(x), io.tensor("y_init"), 1e-5);

        try (LoRAModel.Scope scope = model.disable()) {
            assertThat(scope).isNotNull();
            assertClose("disabled", model.predict(x), io.tensor("y_disabled"), 1e-5);
            assertThat(model.predict(x)).isEqualTo(network.predict(x));
        }
        Network merged = model.merge("default");
        assertClose("merged", merged.predict(x), io.tensor("y_merged"), 1e-5);
        for (Linear linear : merged.linears()) {
            String name = "merged." + linear.path();
            assertClose(name, linear.weight(), io.tensor(name + ".weight"), 1e-5);
            assertClose(name, Objects.requireNonNull(linear.bias()), io.tensor(name + ".bias"), 0);
        }
        model.mergeForPrediction();
        assertClose("merged beside the base", model.predict(x), io.tensor("y_merged"), 1e-5);
    }

    private final LoRAConfig trained =
            LoRAConfig.builder().rank(2).alpha(4).dora(true).build();

    private static DataSetIterator batches(SafeTensors io) throws Exception {
        INDArray features = io.tensor("X");
        INDArray labels = io.tensor("Y");
        INDArray oneHot = Nd4j.zeros(DataType.FLOAT, 20 * 6, 5);
        for (long i = 0; i < labels.length(); i++) {
            oneHot.putScalar(i, labels.getLong(i / 6, i % 6), 1);
        }
        return new TestDataSetIterator(new DataSet(features.reshape(20 * 6, 12), oneHot), 6);
    }

    /** Adam as PyTorch has it, with ε beside √v̂; ND4J's stands beside √v, which is not the same for small gradients. */
    private static void adam(INDArray p, INDArray g, INDArray m, INDArray v, int t) {
        m.muli(0.9).addi(g.mul(0.1));
        v.muli(0.999).addi(g.mul(g).muli(0.001));
        INDArray denominator =
                Transforms.sqrt(v.div(1 - Math.pow(0.999, t)), true).addi(1e-8);
        p.subi(m.div(denominator).muli(0.01 / (1 - Math.pow(0.9, t))));
    }

    @Test
    void trainsAsTheReferenceDoes() throws Exception {
        SafeTensors io = SafeTensors.read(golden("train_dora_adam/io.safetensors"));
        LoRAModel model = model("train_dora_adam", "adapter_initial", trained);
        model.setTrainable("default");
        Pass pass = model.newTrainingPass();
        Map<Parameter, INDArray> m = new HashMap<>();
        Map<Parameter, INDArray> v = new HashMap<>();
        DataSetIterator data = batches(io);
        INDArray losses = io.tensor("losses");
        INDArray gradient = Nd4j.createUninitialized(DataType.FLOAT, 6, 5);

        for (int step = 1; step <= 20; step++) {
            DataSet batch = data.next();
            double loss =
                    Loss.softmaxCrossEntropy().compute(pass.forward(batch.getFeatures()), batch.getLabels(), gradient);
            assertThat(loss).as("loss of step %d", step).isCloseTo(losses.getDouble(step - 1), within(1e-4));
            pass.backward(gradient);
            assertThat(pass.trainableParameters()).hasSize(9);
            for (Parameter parameter : pass.trainableParameters()) {
                String name = "grad_step2." + parameter.name();
                if (step == 2) {
                    INDArray expected = io.tensor(name.endsWith("vector") ? name + ".weight" : name);
                    assertClose(name, pass.gradient(parameter), expected, 1e-5);
                }
                adam(
                        parameter.value(),
                        pass.gradient(parameter),
                        m.computeIfAbsent(parameter, key -> Nd4j.zerosLike(key.value())),
                        v.computeIfAbsent(parameter, key -> Nd4j.zerosLike(key.value())),
                        step);
            }
        }

        SafeTensors after = SafeTensors.read(golden("train_dora_adam/adapter_trained/adapter_model.safetensors"));
        for (Parameter parameter : model.parameters("default")) {
            assertClose(
                    parameter.name(), parameter.value(), after.tensor("base_model.model." + parameter.name()), 1e-4);
        }
        assertClose("y", model.predict(io.tensor("x")), io.tensor("y_adapter"), 1e-4);
    }

    @Test
    void trainsWithTheTrainer() throws Exception {
        SafeTensors io = SafeTensors.read(golden("train_dora_adam/io.safetensors"));
        LoRAModel model = model("train_dora_adam", "adapter_initial", trained);
        model.setTrainable("default");
        List<Double> losses = new ArrayList<>();

        Trainer.builder(model)
                .updater(new Adam(0.01))
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        losses.add(iteration.loss());
                    }
                })
                .build()
                .fit(batches(io));

        INDArray expected = io.tensor("losses");
        assertThat(losses).hasSize(20);
        for (int step = 0; step < 20; step++) {
            assertThat(losses.get(step)).as("loss %d", step).isCloseTo(expected.getDouble(step), within(1e-4));
        }
    }
}
