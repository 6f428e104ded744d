package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Classifiers on decoders read the last token, as Hugging Face's {@code LlamaForSequenceClassification} does. */
@Tag("numbers")
class DecoderClassifierTest {
    private static final Sequences INPUT = Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2}, new int[] {4});

    @TempDir
    private Path folder;

    private static void assertScoresOfTheLastToken(Network classifier, Network decoder) {
        INDArray score = classifier.linear("score").weight();
        INDArray hidden = decoder.predict(INPUT);
        INDArray found = classifier.predict(INPUT);
        assertThat(found.shape()).containsExactly(3, score.size(0));
        int[] last = {2, 4, 5};
        for (int i = 0; i < last.length; i++) {
            INDArray expected = score.mmul(hidden.getRow(last[i]).reshape(hidden.size(1), 1));
            assertThat(found.getRow(i).distance2(expected.reshape(expected.length())))
                    .isCloseTo(0, within(1e-5));
        }
        assertThat(classifier.linear("score").bias()).isNull();
        assertThat(classifier.taskType()).contains("SEQ_CLS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"decoder_llama", "decoder_gpt2"})
    void aNewClassifierIsSavedAndLoaded(String name) throws Exception {
        Path model = GoldenCase.of(name).folder();
        PretrainedModel decoder = PretrainedModel.load(model);
        Network classifier = decoder.classifier(3, 7);
        assertScoresOfTheLastToken(classifier, decoder.lastHiddenState());
        decoder.save(classifier, folder);
        String architecture = name.equals("decoder_llama") ? "Llama" : "GPT2";
        assertThat(Files.readString(folder.resolve("config.json")))
                .contains("\"" + architecture + "ForSequenceClassification\"")
                .contains("\"LABEL_2\"");
        PretrainedModel loaded = PretrainedModel.load(folder);
        assertThat(loaded.classifier().predict(INPUT)).isEqualTo(classifier.predict(INPUT));
        assertThat(loaded.hasClassifier()).isTrue();
        assertThat(decoder.hasClassifier()).isFalse();
    }

    @Test
    void anAdapterTrainsWithItAndIsSavedAsPeftSavesIt() throws Exception {
        PretrainedModel llama =
                PretrainedModel.load(GoldenCase.of("decoder_llama").folder());
        LoRAModel model = LoRAModel.of(llama.classifier(2, 1));
        AdapterView view = model.add(
                "adapter",
                LoRAConfig.builder()
                        .rank(2)
                        .targetModules("q_proj", "v_proj")
                        .modulesToSave("score")
                        .build());
        INDArray labels = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {1, 0}});
        double loss = Trainer.builder(view)
                .loss(Loss.softmaxCrossEntropy())
                .updater(new Adam(0.05))
                .maxIterations(60)
                .build()
                .fit(Arrays.asList(new Batch(INPUT, labels)))
                .runningLoss();
        assertThat(loss).isLessThan(0.6);
        view.save(folder);
        assertThat(PeftAdapters.load(folder).savedModules()).containsOnlyKeys("score");
        assertThat(PeftAdapters.load(folder).config().hubFields().taskType()).isEqualTo("SEQ_CLS");
        assertThat(LoRAModel.of(llama.classifier(2, 99)).load("again", folder).predict(INPUT))
                .isEqualTo(view.predict(INPUT));
    }

    @Test
    void gradientsAreThoseOfPyTorch() throws Exception {
        GoldenCase golden = GoldenCase.of("decoder_gradients_classifier");
        for (DataType type : List.of(DataType.DOUBLE, DataType.FLOAT)) {
            Network network = PretrainedModel.load(golden.folder(), type).classifier();
            double tolerance = type == DataType.DOUBLE ? 1e-9 : 1e-4;
            GoldenCase.assertRelative(
                    "logits", network.predict(golden.input()), golden.io().tensor("logits"), tolerance);
            BatchGradients gradients = new BatchGradients(network, Loss.softmaxCrossEntropy());
            Batch batch = new Batch(golden.input(), golden.io().tensor("labels").castTo(type));
            assertThat(gradients.compute(batch, 0, 0, 0))
                    .isCloseTo(golden.io().tensor("loss").getDouble(0), within(tolerance));
            List<String> names = new ArrayList<>();
            for (int i = 0; i < gradients.parameters().size(); i++) {
                String name = "grad." + gradients.parameters().get(i).name();
                GoldenCase.assertRelative(
                        type + " " + name,
                        gradients.gradients().get(i),
                        golden.io().tensor(name),
                        tolerance);
                names.add(name);
            }
            assertThat(names)
                    .containsExactlyInAnyOrderElementsOf(golden.io().names().stream()
                            .filter(tensor -> tensor.startsWith("grad."))
                            .toList());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("slow")
    void gradientsOfAnAdapterEqualFiniteDifferences(boolean dora) throws Exception {
        GoldenCase golden = GoldenCase.of("decoder_gradients_classifier");
        LoRAModel model = LoRAModel.of(
                PretrainedModel.load(golden.folder(), DataType.DOUBLE).classifier());
        AdapterView view = model.add(
                "adapter",
                LoRAConfig.builder()
                        .rank(2)
                        .alpha(3)
                        .dora(dora)
                        .targetModules("q_proj", "v_proj", "down_proj")
                        .modulesToSave("score")
                        .build());
        Random random = new Random(3);
        for (Parameter parameter : view.parameters()) {
            for (long i = 0; i < parameter.value().length(); i++) {
                parameter.value().putScalar(i, parameter.value().getDouble(i) + 0.2 * random.nextGaussian());
            }
        }
        Batch batch = new Batch(golden.input(), golden.io().tensor("labels"));
        BatchGradients gradients = new BatchGradients(view, Loss.softmaxCrossEntropy());
        gradients.compute(batch, 0, 0, 0);
        List<INDArray> found = gradients.gradients().stream()
                .map(gradient -> gradient.dup(gradient.ordering()))
                .toList();
        assertThat(gradients.parameters()).extracting(Parameter::name).anyMatch(name -> name.contains("score"));
        for (int i = 0; i < found.size(); i++) {
            Parameter parameter = gradients.parameters().get(i);
            // DoRA's norm is a constant of the gradient, as in the paper; its factors are tested elsewhere.
            if (!dora || !parameter.name().matches(".*lora_[AB].*")) {
                FiniteDifferences.assertGradient(
                        parameter.name(), () -> gradients.compute(batch, 0, 0, 0), parameter.value(), found.get(i));
            }
        }
    }

    @Test
    void refusesWhatIsNotThere() throws Exception {
        PretrainedModel llama =
                PretrainedModel.load(GoldenCase.of("decoder_llama").folder());
        assertThatIllegalStateException()
                .isThrownBy(llama::classifier)
                .withMessage(
                        "classifier: the file must have score.weight, found none; give the number of labels for a new"
                                + " one, classifier(labels, seed)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> llama.classifier(0, 1))
                .withMessage("score: there must be at least 1 label, found 0");
        assertThat(DataType.FLOAT).isEqualTo(llama.classifier(1, 1).dataType());
    }
}
