package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.transformer.GoldenCase.Kind;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/** Gradients and trainings of transformers that PyTorch and PEFT computed, step by step. */
@Tag("numbers")
class TransformerTrainingGoldenTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);
    private static final int CLASSES = 3;

    /** DecoderClassifierTest has the one of a classifier. */
    static List<GoldenCase> gradients() throws Exception {
        return GoldenCase.all().stream()
                .filter(golden ->
                        golden.kind() == Kind.GRADIENTS && !golden.name().endsWith("_classifier"))
                .toList();
    }

    static List<GoldenCase> trainings() throws Exception {
        return GoldenCase.all().stream()
                .filter(golden -> golden.kind() == Kind.TRAINING)
                .toList();
    }

    private static Loss loss(GoldenCase golden) {
        return golden.isEncoder() ? Loss.softmaxCrossEntropy() : Loss.nextToken();
    }

    private static List<String> names(GoldenCase golden, String prefix) {
        return golden.io().names().stream()
                .filter(name -> name.startsWith(prefix))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("gradients")
    void computesTheGradientsOfAllParameters(GoldenCase golden) throws Exception {
        for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
            Network network = golden.head(type);
            double tolerance = type == DataType.DOUBLE ? 1e-9 : 1e-4;
            INDArray labels = golden.io().tensor("labels");
            Batch batch = new Batch(
                    golden.input(),
                    golden.isEncoder() ? GoldenCase.oneHot(labels.toIntVector(), CLASSES, type) : labels);
            golden.assertTensor("logits", GoldenCase.predict(network, golden.input()), Math.max(tolerance / 10, 1e-9));
            BatchGradients gradients = new BatchGradients(network, loss(golden));
            assertThat(gradients.compute(batch, 0, 0, 0))
                    .isCloseTo(golden.io().tensor("loss").getDouble(0), within(tolerance));
            List<String> names = new ArrayList<>();
            for (int i = 0; i < gradients.parameters().size(); i++) {
                String parameter = gradients.parameters().get(i).name();
                GoldenCase.assertRelative(
                        type + " " + parameter,
                        GoldenCase.asStored(parameter, gradients.gradients().get(i)),
                        golden.io().tensor("grad." + parameter),
                        tolerance);
                names.add("grad." + parameter);
            }
            assertThat(names).containsExactlyInAnyOrderElementsOf(names(golden, "grad."));
        }
    }

    /** The batches of a training: of classes, of padded texts, or of several documents in one row. */
    private static List<Batch> batches(GoldenCase golden) throws Exception {
        List<Batch> batches = new ArrayList<>();
        for (int step = 0; step < golden.io().tensor("losses").length(); step++) {
            if (golden.isEncoder()) {
                int[] labels = golden.io().tensor("labels").getRow(step).toIntVector();
                boolean hasTypes = golden.io().names().contains("token_type_ids");
                batches.add(new Batch(
                        Sequences.of(
                                golden.step("input_ids", step),
                                golden.step("attention_mask", step),
                                hasTypes ? golden.step("token_type_ids", step) : null),
                        GoldenCase.oneHot(labels, CLASSES, DataType.FLOAT)));
            } else if (golden.io().names().contains("segment_ids")) {
                batches.add(packed(golden, step));
            } else {
                batches.add(new Batch(
                        Sequences.of(golden.step("input_ids", step), golden.step("attention_mask", step), null),
                        golden.step("labels", step)));
            }
        }
        return batches;
    }

    private static Batch packed(GoldenCase golden, int step) throws Exception {
        int[] segments = golden.step("segment_ids", step).toIntMatrix()[0];
        List<int[]> documents = documents(golden, "input_ids", step, segments);
        List<int[]> targets = documents(golden, "labels", step, segments);
        int longest = documents.stream().mapToInt(ids -> ids.length).max().orElseThrow();
        int[][] padded = new int[targets.size()][longest];
        for (int i = 0; i < padded.length; i++) {
            Arrays.fill(padded[i], -100);
            System.arraycopy(targets.get(i), 0, padded[i], 0, targets.get(i).length);
        }
        return new Batch(Sequences.of(documents.toArray(new int[0][])), Nd4j.createFromArray(padded));
    }

    /** The parts of a row, without the padding at its end, which has the number 99. */
    private static List<int[]> documents(GoldenCase golden, String name, int step, int[] segments) throws Exception {
        List<int[]> documents = new ArrayList<>(
                List.of(GoldenCase.segments(golden.step(name, step).toIntMatrix()[0], segments)));
        if (segments[segments.length - 1] == 99) {
            documents.remove(documents.size() - 1);
        }
        return documents;
    }

    private static IUpdater updater(GoldenCase golden) throws Exception {
        JsonNode settings = golden.settings();
        double rate = settings.path("lr").doubleValue();
        // PyTorch adds ε after the bias correction, so that of ND4J's Adam is negligible.
        if (golden.isEncoder() && !settings.has("weight_decay")) {
            return Adam.builder().learningRate(rate).epsilon(1e-10).build();
        }
        AdamW updater = new AdamW(rate, settings.path("weight_decay").doubleValue());
        // In the cases of encoders all parameters are in one group, so the biases of the head decay too.
        return golden.isEncoder() ? updater.decayingAll() : updater;
    }

    private static List<Double> train(GoldenCase golden, Model model, List<Batch> batches) throws Exception {
        List<Double> losses = new ArrayList<>();
        Trainer.Builder trainer = Trainer.builder(model)
                .loss(loss(golden))
                .updater(updater(golden))
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration event) {
                        losses.add(event.loss());
                    }
                });
        if (golden.settings().path("max_grad_norm").isNumber()) {
            trainer.clipNorm(golden.settings().path("max_grad_norm").doubleValue());
        }
        trainer.build().fit(batches);
        return losses;
    }

    private static void assertTrains(GoldenCase golden, Model model) throws Exception {
        List<Double> losses = train(golden, model, batches(golden));
        INDArray expected = golden.io().tensor("losses");
        assertThat(losses).hasSize((int) expected.length());
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i)).as("loss of step %d", i).isCloseTo(expected.getDouble(i), within(1e-4));
        }
        Sequences input = golden.input("eval_");
        golden.assertTensor("eval_logits", GoldenCase.padded(input, model.predict(input)), 1e-4);
    }

    @ParameterizedTest
    @MethodSource("trainings")
    void trains(GoldenCase golden) throws Exception {
        Network network = golden.head(DataType.FLOAT);
        if (golden.name().contains("_train_full")) {
            assertTrains(golden, network);
            assertParameters(golden, network);
        } else {
            AdapterView view =
                    LoRAModel.of(network).load("peft", golden.folder().resolve("adapter_initial"), OPTIONS);
            assertTrains(golden, view);
            SafeTensors trained =
                    SafeTensors.read(golden.folder().resolve("adapter_trained").resolve("adapter_model.safetensors"));
            for (Parameter parameter : view.parameters()) {
                String key = "base_model.model." + parameter.name();
                golden.assertLike(key, parameter.value(), trained.tensor(key), 1e-4);
            }
            assertThat(view.parameters()).hasSize(trained.names().size());
        }
    }

    private static void assertParameters(GoldenCase golden, Network network) throws Exception {
        List<String> compared = new ArrayList<>();
        for (Parameter parameter : network.parameters()) {
            String key = "final." + parameter.name();
            if (golden.io().names().contains(key)) {
                golden.assertTensor(key, GoldenCase.asStored(key, parameter.value()), 1e-4);
                compared.add(key);
            }
        }
        assertThat(compared).isNotEmpty().containsExactlyInAnyOrderElementsOf(names(golden, "final."));
    }

    static List<GoldenCase> secondSteps() throws Exception {
        List<GoldenCase> cases = trainings().stream()
                .filter(golden -> !names(golden, "grad_step2.").isEmpty())
                .toList();
        assertThat(cases).hasSize(19);
        return cases;
    }

    @ParameterizedTest
    @MethodSource("secondSteps")
    void computesTheGradientsOfTheSecondStep(GoldenCase golden) throws Exception {
        AdapterView view = LoRAModel.of(golden.head(DataType.FLOAT))
                .load("peft", golden.folder().resolve("adapter_initial"), OPTIONS);
        List<Batch> batches = batches(golden);
        train(golden, view, batches.subList(0, 1));
        BatchGradients gradients = new BatchGradients(view, loss(golden));
        gradients.compute(batches.get(1), 1, 0, 0);
        List<String> compared = new ArrayList<>();
        double squares = 0;
        for (int i = 0; i < gradients.parameters().size(); i++) {
            Parameter parameter = gradients.parameters().get(i);
            INDArray gradient = gradients.gradients().get(i);
            squares += gradient.mul(gradient).sumNumber().doubleValue();
            String name = parameter.name() + (parameter.name().endsWith("lora_magnitude_vector") ? ".weight" : "");
            for (String key : names(golden, "grad_step2.")) {
                String stored = key.substring("grad_step2.".length());
                // The names of a decoder's case have no prefix of a model with a head.
                if (golden.isEncoder() ? name.equals(stored) : name.endsWith(stored)) {
                    golden.assertTensor(key, gradient, 1e-4);
                    compared.add(key);
                }
            }
        }
        assertThat(compared).containsExactlyInAnyOrderElementsOf(names(golden, "grad_step2."));
        if (golden.io().names().contains("grad_norms")) {
            assertThat(Math.sqrt(squares))
                    .isCloseTo(golden.io().tensor("grad_norms").getDouble(1), within(1e-4));
        }
    }
}
