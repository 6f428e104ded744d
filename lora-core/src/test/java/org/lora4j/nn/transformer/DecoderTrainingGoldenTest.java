package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Gradients and trainings of decoders that PyTorch and PEFT computed. */
@Tag("numbers")
class DecoderTrainingGoldenTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);

    @ParameterizedTest
    @ValueSource(strings = {"decoder_gradients_llama", "decoder_gradients_qwen3", "decoder_gradients_gpt2"})
    void computesTheGradientsOfAllParameters(String name) throws Exception {
        DecoderCase golden = DecoderCase.of(name);
        for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
            Network network = golden.causal(type);
            double tolerance = type == DataType.DOUBLE ? 1e-9 : 1e-4;
            Batch batch = new Batch(golden.input(), golden.io().tensor("labels"));
            INDArray logits = golden.input().pad(network.predict(golden.input()));
            DecoderCase.assertClose("logits", logits, golden.io().tensor("logits"), Math.max(tolerance / 10, 1e-9));
            BatchGradients gradients = new BatchGradients(network, Loss.nextToken());
            assertThat(gradients.compute(batch, 0, 0, 0))
                    .isCloseTo(golden.io().tensor("loss").getDouble(0), within(tolerance));
            List<String> names = new ArrayList<>();
            for (int i = 0; i < gradients.parameters().size(); i++) {
                String parameter = gradients.parameters().get(i).name();
                INDArray gradient = gradients.gradients().get(i);
                DecoderCase.assertClose(
                        type + " " + parameter,
                        DecoderCase.isTransposed(parameter) ? ModelTensors.transposed(gradient) : gradient,
                        golden.io().tensor("grad." + parameter),
                        tolerance);
                names.add("grad." + parameter);
            }
            assertThat(names)
                    .containsExactlyInAnyOrderElementsOf(golden.io().names().stream()
                            .filter(tensor -> tensor.startsWith("grad."))
                            .toList());
        }
    }

    /** The batches of a training: padded, or several documents in one row. */
    private static List<Batch> batches(DecoderCase golden, int steps) throws Exception {
        List<Batch> batches = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            int[][] ids = golden.step("input_ids", step);
            int[][] labels = golden.step("labels", step);
            if (!golden.io().names().contains("segment_ids")) {
                batches.add(new Batch(
                        Sequences.of(ids, golden.step("attention_mask", step), null), Nd4j.createFromArray(labels)));
                continue;
            }
            int[] segments = golden.step("segment_ids", step)[0];
            List<int[]> documents = new ArrayList<>(List.of(DecoderCase.segments(ids[0], segments)));
            List<int[]> targets = new ArrayList<>(List.of(DecoderCase.segments(labels[0], segments)));
            if (segments[segments.length - 1] == 99) {
                documents.remove(documents.size() - 1);
                targets.remove(targets.size() - 1);
            }
            int longest = documents.stream()
                    .mapToInt(document -> document.length)
                    .max()
                    .orElseThrow();
            int[][] padded = new int[targets.size()][longest];
            for (int i = 0; i < padded.length; i++) {
                Arrays.fill(padded[i], -100);
                System.arraycopy(targets.get(i), 0, padded[i], 0, targets.get(i).length);
            }
            batches.add(new Batch(Sequences.of(documents.toArray(new int[0][])), Nd4j.createFromArray(padded)));
        }
        return batches;
    }

    private static List<Double> train(DecoderCase golden, Model model, int steps) throws Exception {
        JsonNode settings = golden.settings();
        List<Double> losses = new ArrayList<>();
        Trainer.Builder trainer = Trainer.builder(model)
                .loss(Loss.nextToken())
                .updater(new AdamW(
                        settings.path("lr").doubleValue(),
                        settings.path("weight_decay").doubleValue()))
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration event) {
                        losses.add(event.loss());
                    }
                });
        if (settings.path("max_grad_norm").isNumber()) {
            trainer.clipNorm(settings.path("max_grad_norm").doubleValue());
        }
        trainer.build().fit(batches(golden, steps));
        return losses;
    }

    private static void assertLosses(DecoderCase golden, List<Double> losses) throws Exception {
        INDArray expected = golden.io().tensor("losses");
        assertThat(losses).hasSize((int) expected.length());
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i)).as("loss of step %d", i).isCloseTo(expected.getDouble(i), within(1e-4));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "decoder_train_lora_adamw, 10",
        "decoder_train_dora_adamw, 10",
        "decoder_train_gpt2, 10",
        "decoder_train_modules_to_save, 5",
        "decoder_train_trainable_tokens, 5",
        "decoder_train_packed, 6",
        "decoder_train_padded, 6"
    })
    void trainsAnAdapter(String name, int steps) throws Exception {
        DecoderCase golden = DecoderCase.of(name);
        LoRAModel model = LoRAModel.of(golden.causal());
        AdapterView view = model.load("peft", golden.folder().resolve("adapter_initial"), OPTIONS);
        assertLosses(golden, train(golden, view, steps));
        SafeTensors trained =
                SafeTensors.read(golden.folder().resolve("adapter_trained").resolve("adapter_model.safetensors"));
        for (Parameter parameter : view.parameters()) {
            String key = "base_model.model." + parameter.name();
            DecoderCase.assertClose(key, parameter.value(), trained.tensor(key), 1e-4);
        }
        assertThat(view.parameters()).hasSize(trained.names().size());
        Sequences input = golden.input("eval_");
        DecoderCase.assertClose(
                "eval_logits", input.pad(view.predict(input)), golden.io().tensor("eval_logits"), 1e-4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "decoder_train_lora_adamw",
                "decoder_train_dora_adamw",
                "decoder_train_gpt2",
                "decoder_train_trainable_tokens",
                "decoder_train_packed",
                "decoder_train_padded"
            })
    void computesTheGradientsOfTheSecondStep(String name) throws Exception {
        DecoderCase golden = DecoderCase.of(name);
        AdapterView view =
                LoRAModel.of(golden.causal()).load("peft", golden.folder().resolve("adapter_initial"), OPTIONS);
        train(golden, view, 1);
        BatchGradients gradients = new BatchGradients(view, Loss.nextToken());
        gradients.compute(batches(golden, 2).get(1), 1, 0, 0);
        int compared = 0;
        double squares = 0;
        for (int i = 0; i < gradients.parameters().size(); i++) {
            Parameter parameter = gradients.parameters().get(i);
            INDArray gradient = gradients.gradients().get(i);
            squares += gradient.mul(gradient).sumNumber().doubleValue();
            // The names of the case have no prefix of a model with a head.
            String name2 = parameter.name() + (parameter.name().endsWith("lora_magnitude_vector") ? ".weight" : "");
            for (String key : golden.io().names()) {
                if (key.startsWith("grad_step2.") && name2.endsWith(key.substring("grad_step2.".length()))) {
                    DecoderCase.assertClose(key, gradient, golden.io().tensor(key), 1e-4);
                    compared++;
                }
            }
        }
        assertThat(compared).isPositive().isEqualTo((int) golden.io().names().stream()
                .filter(key -> key.startsWith("grad_step2."))
                .count());
        assertThat(Math.sqrt(squares))
                .isCloseTo(golden.io().tensor("grad_norms").getDouble(1), within(1e-4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"decoder_train_full", "decoder_train_full_gpt2"})
    void trainsAllParameters(String name) throws Exception {
        DecoderCase golden = DecoderCase.of(name);
        Network network = golden.causal();
        assertLosses(golden, train(golden, network, 5));
        int compared = 0;
        for (Parameter parameter : network.parameters()) {
            String key = "final." + parameter.name();
            if (golden.io().names().contains(key)) {
                INDArray value = parameter.value();
                DecoderCase.assertClose(
                        key,
                        DecoderCase.isTransposed(key) ? ModelTensors.transposed(value) : value,
                        golden.io().tensor(key),
                        1e-4);
                compared++;
            }
        }
        assertThat(compared).isPositive().isEqualTo((int) golden.io().names().stream()
                .filter(key -> key.startsWith("final."))
                .count());
        Sequences input = golden.input("eval_");
        DecoderCase.assertClose(
                "eval_logits", input.pad(network.predict(input)), golden.io().tensor("eval_logits"), 1e-4);
    }
}
