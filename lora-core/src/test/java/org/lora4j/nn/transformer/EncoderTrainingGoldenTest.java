package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.compute.internal.PassSource;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** Trainings of PyTorch and PEFT, step by step. */
@Tag("numbers")
class EncoderTrainingGoldenTest {
    private static List<Double> train(EncoderCase golden, Model model, int steps) throws Exception {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            batches.add(new Batch(golden.input(i), golden.labels(i, 3, DataType.FLOAT)));
        }
        double rate = golden.settings().path("lr").doubleValue();
        List<Double> losses = new ArrayList<>();
        Trainer.builder(model)
                // PyTorch adds ε after the bias correction, so ND4J's is negligible.
                .updater(Adam.builder().learningRate(rate).epsilon(1e-10).build())
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration event) {
                        losses.add(event.loss());
                    }
                })
                .build()
                .fit(batches);
        return losses;
    }

    private static void assertLosses(EncoderCase golden, List<Double> losses) throws Exception {
        INDArray expected = golden.io().tensor("losses");
        assertThat(losses).hasSize((int) expected.length());
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i)).as("loss of step %d", i).isCloseTo(expected.getDouble(i), within(1e-4));
        }
    }

    @ParameterizedTest
    @CsvSource({"encoder_train_lora_adam, 10", "encoder_train_dora_adam, 10"})
    void trainsAnAdapter(String name, int steps) throws Exception {
        EncoderCase golden = EncoderCase.of(name);
        LoRAModel model = LoRAModel.of(golden.model().classifier());
        AdapterView view =
                model.load("peft", golden.folder().resolve("adapter_initial"), ReadOptions.of(FingerprintCheck.IGNORE));
        assertLosses(golden, train(golden, view, steps));
        SafeTensors trained =
                SafeTensors.read(golden.folder().resolve("adapter_trained").resolve("adapter_model.safetensors"));
        for (Parameter parameter : view.parameters()) {
            String key = "base_model.model." + parameter.name();
            EncoderCase.assertClose(key, parameter.value(), trained.tensor(key), 1e-4);
        }
        assertThat(view.parameters()).hasSize(trained.names().size());
        EncoderCase.assertClose(
                "eval_logits", view.predict(golden.input("eval_")), golden.io().tensor("eval_logits"), 1e-4);
    }

    @ParameterizedTest
    @CsvSource({"encoder_train_lora_adam", "encoder_train_dora_adam"})
    void computesTheGradientsOfTheSecondStep(String name) throws Exception {
        EncoderCase golden = EncoderCase.of(name);
        LoRAModel model = LoRAModel.of(golden.model().classifier());
        AdapterView view =
                model.load("peft", golden.folder().resolve("adapter_initial"), ReadOptions.of(FingerprintCheck.IGNORE));
        train(golden, view, 1);
        Pass pass = ((PassSource) view).newTrainingPass();
        INDArray logits = pass.forward(golden.input(1));
        INDArray gradient = logits.like();
        Loss.softmaxCrossEntropy().compute(logits, golden.labels(1, 3, DataType.FLOAT), gradient);
        pass.backward(gradient);
        int compared = 0;
        for (Parameter parameter : pass.trainableParameters()) {
            String key = "grad_step2." + parameter.name()
                    + (parameter.name().endsWith("lora_magnitude_vector") ? ".weight" : "");
            if (golden.io().names().contains(key)) {
                EncoderCase.assertClose(
                        key, pass.gradient(parameter), golden.io().tensor(key), 1e-4);
                compared++;
            }
        }
        assertThat(compared).isEqualTo((int) golden.io().names().stream()
                .filter(key -> key.startsWith("grad_step2."))
                .count());
    }

    @Test
    void trainsAllParameters() throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_train_full");
        Network network = golden.model().classifier();
        assertLosses(golden, train(golden, network, 5));
        for (Parameter parameter : network.parameters()) {
            String key = "final." + parameter.name();
            if (golden.io().names().contains(key)) {
                EncoderCase.assertClose(key, parameter.value(), golden.io().tensor(key), 1e-4);
            }
        }
        EncoderCase.assertClose(
                "eval_logits",
                network.predict(golden.input("eval_")),
                golden.io().tensor("eval_logits"),
                1e-4);
    }
}
