package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Evaluator;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.TrainingResult.StopReason;
import org.lora4j.train.Validation;
import org.lora4j.train.ValidationResult;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The programs of the page on fine-tuning, with a small transformer. */
class FineTuningGuideTest {
    private static final int CLASSES = 3;

    private final long seed = 7;
    private final List<Batch> train = batches(1, 30);
    private final List<Batch> heldOut = batches(2, 5);
    private final int steps = 200;
    private final double rate = 5e-3; // for a model as small as this one

    @TempDir
    private Path folder;

    private PretrainedModel bert;

    /** Texts of a class prefer some of the tokens. */
    private static int[] text(SplittableRandom random, int label) {
        int[] tokens = new int[random.nextInt(4, 12)];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = random.nextInt(10) < 8 ? 5 + 18 * label + random.nextInt(18) : random.nextInt(5, 59);
        }
        return tokens;
    }

    private static List<Batch> batches(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Batch> batches = new ArrayList<>();
        for (int b = 0; b < count; b++) {
            int[][] texts = new int[8][];
            INDArray labels = Nd4j.zeros(DataType.FLOAT, texts.length, CLASSES);
            for (int i = 0; i < texts.length; i++) {
                texts[i] = text(random, i % CLASSES);
                labels.putScalar(i, i % CLASSES, 1);
            }
            batches.add(new Batch(Sequences.of(texts), labels));
        }
        return batches;
    }

    @BeforeEach
    void loadTheModel() throws Exception {
        bert = PretrainedModel.load(golden("encoder_classifier"));
    }

    private static Path golden(String name) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(FineTuningGuideTest.class.getResource("/golden/" + name))
                .toURI());
    }

    private AdapterView adapter() {
        LoRAModel model = LoRAModel.of(bert.classifier(CLASSES, seed));
        LoRAConfig config = LoRAConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules("query", "value")
                .modulesToSave("classifier")
                .build();
        AdapterView view = model.add("topics", config);
        return view;
    }

    // spotless:off
    @Test
    void aModelWithSeveralOutputs() throws Exception {
        Path modelFolder = golden("encoder_classifier");
        PretrainedModel bert = PretrainedModel.load(modelFolder);
        Sequences texts = (Sequences) train.get(0).input();
        long width = bert.lastHiddenState().predict(texts).size(1);
        assertThat(bert.meanPooled().predict(texts).shape()).containsExactly(8, width);
        assertThat(bert.pooled().predict(texts).shape()).containsExactly(8, width);
        assertThat(bert.sentenceEmbeddings().predict(texts).norm2(1).getDouble(0)).isCloseTo(1, within(1e-5));
        assertThat(bert.meanClassifier(2, seed).predict(texts).shape()).containsExactly(8, 2);
    }

    @Test
    void aSmallerBase() throws Exception {
        Path folder = golden("decoder_llama_variants");
        PretrainedModel llama = PretrainedModel.load(folder, BaseStorage.of(Precision.BFLOAT16));
        LoRAModel model = LoRAModel.of(llama.causal());
        List<WeightStorage> report = model.network().weightStorage();
        assertThat(report).isNotEmpty();
    }

    @Test
    void theWholeTraining() throws IOException {
        LoRAModel model = LoRAModel.of(bert.classifier(3, seed));
        LoRAConfig config = LoRAConfig.builder()
                .rank(8).alpha(16)
                .targetModules("query", "value")
                .modulesToSave("classifier").build();
        AdapterView topics = model.add("topics", config);

        TrainingResult result = Trainer.builder(topics)
                .updater(new AdamW(new LinearWarmupSchedule(5e-3, steps / 10, steps), 0.01))
                .epochs(20).maxIterations(steps)
                .validation(Validation.loss(heldOut).withPatience(3))
                .build().fit(train);

        double accuracy = Evaluator.evaluate(topics, heldOut).accuracy();
        topics.save(folder.resolve("topics")); // the parameters of the best epoch
        assertThat(accuracy).isGreaterThan(0.7);
        assertThat(result.best()).isPresent();
        assertThat(model.load("again", folder.resolve("topics")).adapter()).isEqualTo(topics.adapter());
    }

    @Test
    void texts() {
        int[] first = {1, 14, 52, 2};
        int[] second = {1, 7, 2};
        INDArray labels = Nd4j.createFromArray(new float[][] {{1, 0, 0}, {0, 0, 1}});
        Batch batch = new Batch(Sequences.of(first, second), labels);
        assertThat(((Sequences) batch.input()).tokens()).isEqualTo(7);
    }

    @Test
    void twoRates() {
        AdapterView topics = adapter();
        Trainer.builder(topics)
                .updater(parameter -> parameter.name().contains("classifier"), new AdamW(1e-2, 0))
                .updater(new AdamW(1e-3, 0.01))
                .build().fit(train);
        assertThat(topics.adapter()).isNotEqualTo(adapter().adapter());
    }

    @Test
    void largerBatches() {
        AdapterView topics = adapter();
        TrainingResult result = Trainer.builder(topics)
                .updater(new AdamW(5e-3, 0.01))
                .accumulate(4) // four batches of 8 texts are one step
                .epochs(2).build().fit(train);
        assertThat(result.iterations()).isEqualTo(2 * 8);
    }

    @Test
    void accuracyAndBestAdapter() {
        AdapterView topics = adapter();
        List<Batch> validation = heldOut;
        TrainingListener saveBest = new TrainingListener() {
            @Override
            public void onValidation(ValidationResult result) {
                if (result.isBest()) {
                    save(topics, folder.resolve("best"));
                }
            }
        };
        TrainingResult result = Trainer.builder(topics)
                .updater(new AdamW(rate, 0.01)).epochs(50)
                .validation(Validation.score(model -> Evaluator.evaluate(model, validation).accuracy())
                        .withPatience(3))
                .listener(saveBest)
                .build().fit(train);
        int bestEpoch = result.best().orElseThrow().epoch();
        boolean stoppedEarly = result.stopReason() == StopReason.NO_IMPROVEMENT;
        assertThat(stoppedEarly).isTrue();
        assertThat(bestEpoch).isEqualTo(result.epochs() - 3);
        assertThat(Evaluator.evaluate(topics, heldOut).accuracy())
                .isCloseTo(result.best().orElseThrow().value(), within(1e-12));
    }

    private static void save(AdapterView view, Path path) {
        try {
            view.save(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void severalLabels() {
        AdapterView topics = adapter();
        INDArray labels = Nd4j.createFromArray(new float[][] {{1, 0, 1}, {0, 0, 0}});
        Batch tagged = new Batch(Sequences.of(new int[] {1, 14, 2}, new int[] {1, 7, 2}), labels);
        Trainer.builder(topics)
                .loss(Loss.multiLabel())
                .updater(new AdamW(1e-2, 0)).epochs(60)
                .build().fit(List.of(tagged));
        INDArray logits = topics.predict(tagged.input());
        INDArray isTagged = logits.gt(0);
        assertThat(isTagged.castTo(DataType.FLOAT)).isEqualTo(labels);
    }

    @Test
    @Tag("slow")
    void embeddings() {
        List<Batch> pairs = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(3);
        for (int b = 0; b < 20; b++) {
            int[][] asked = {text(random, 0), text(random, 1), text(random, 2)};
            int[][] answered = {text(random, 0), text(random, 1), text(random, 2)};
            Sequences questions = Sequences.of(asked);
            Sequences answers = Sequences.of(answered);
            pairs.add(Batch.ofPairs(questions, answers));
        }

        Network encoder = bert.sentenceEmbeddings();
        AdapterView search = LoRAModel.of(encoder).add("search", LoRAConfig.of(8, 16));
        TrainingResult result = Trainer.builder(search)
                .loss(Loss.inBatchNegatives(20))
                .updater(new AdamW(new LinearWarmupSchedule(rate, 20, 400), 0.01))
                .epochs(20).build().fit(pairs);
        assertThat(result.runningLoss()).isLessThan(0.7 * Math.log(CLASSES));
    }

    @Test
    void allParameters() {
        Network network = bert.classifier(3, seed);
        double[] before = Samples.bits(network.parameters().get(0).value());
        Trainer.builder(network)
                .updater(new AdamW(new LinearWarmupSchedule(1e-3, 10, 90), 0.01))
                .clipNorm(1).epochs(3)
                .build().fit(train);
        assertThat(Samples.bits(network.parameters().get(0).value())).isNotEqualTo(before);
    }
    // spotless:on
}
