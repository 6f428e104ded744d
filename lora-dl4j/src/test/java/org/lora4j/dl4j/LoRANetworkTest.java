package org.lora4j.dl4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

@Tag("numbers")
class LoRANetworkTest {
    private static final DataType FLOAT = DataType.FLOAT;

    private final MultiLayerNetwork base = Networks.dense(FLOAT);
    private final LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
    private final LoRAConfig config = Networks.config(2, "first", "head");
    private final INDArray x = Networks.normal(FLOAT, 1, 8, 5);
    private final DataSet data = new DataSet(x, Networks.labels(FLOAT, 8, 3));

    private static void fit(MultiLayerNetwork network, DataSet data, int steps) {
        for (int i = 0; i < steps; i++) {
            network.fit(data);
        }
    }

    @Test
    void trainsTheFactorsAndNothingElse() {
        INDArray before = base.params().dup();
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        assertThat(adapted.output(x)).isEqualTo(base.output(x));
        double score = adapted.score(data);

        fit(adapted, data, 30);

        assertThat(adapted.score(data)).isLessThan(0.7 * score);
        Networks.assertSameBits(base.params(), before);
        assertThat(adapted.numParams()).isEqualTo(2 * (5 + 6) + 2 * (4 + 3));
        assertThat(adapted.getUpdater().getStateViewArray().length()).isEqualTo(2 * adapted.numParams());
        assertThat(lora.parameterReport("a").lora()).isEqualTo(adapted.numParams());
        assertThat(lora.parameterReport("a").original()).isEqualTo(base.numParams());
        // DL4J writes its numbers in the language of the user.
        assertThat(adapted.summary())
                .contains("head", String.format(Locale.getDefault(), "Trainable Parameters:  %d", adapted.numParams()));
    }

    @Test
    void severalAdaptersShareTheBase() {
        MultiLayerNetwork a = lora.add("a", config, new Adam(0.05));
        MultiLayerNetwork b = lora.add("b", Networks.config(3, "second"), new Sgd(0.5));
        fit(a, data, 5);
        INDArray after = a.output(x);
        fit(b, data, 5);
        Networks.assertSameBits(a.output(x), after);
        assertThat(b.output(x)).isNotEqualTo(after);
        assertThat(lora.names()).containsExactly("a", "b");
        assertThat(lora.using("b")).isSameAs(b);
        lora.delete("a");
        assertThat(lora.names()).containsExactly("b");
    }

    @Test
    void computesTheBaseWhileDisabled() {
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        fit(adapted, data, 5);
        INDArray on = adapted.output(x);
        lora.setEnabled("a", false);
        assertThat(lora.isEnabled("a")).isFalse();
        Networks.assertSameBits(adapted.output(x), base.output(x));
        lora.setEnabled("a", true);
        Networks.assertSameBits(adapted.output(x), on);
        assertThat(on).isNotEqualTo(base.output(x));
    }

    @Test
    void loadsWithoutAnUpdaterToPredictOnly(@TempDir Path folder) throws IOException {
        MultiLayerNetwork trained = lora.add("a", config, new Adam(0.05));
        fit(trained, data, 5);
        lora.save("a", folder);
        MultiLayerNetwork loaded = lora.load("b", folder);
        INDArray before = loaded.params().dup();
        Networks.assertSameBits(loaded.output(x), trained.output(x));
        assertThat(lora.merge("b").output(x).distance2(trained.output(x))).isLessThan(1e-6);
        assertThatThrownBy(() -> loaded.fit(data))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "the adapter must have an updater to be trained, found one that was loaded without; load it with"
                                + " load(name, folder, updater)");
        Networks.assertSameBits(loaded.params(), before);
        Networks.assertSameBits(loaded.clone().output(x), trained.output(x));
    }

    /** A row of zeros has no direction: its factor is 1, as in a Network, and B can train. */
    @Test
    void trainsDoRAOnARowOfZeros() {
        base.getLayer(0).getParam("W").getColumn(1).assign(0);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        MultiLayerNetwork adapted = lora.add("a", config.toBuilder().dora(true).build(), new Adam(0.05));
        assertThat(adapted.output(x).distance2(base.output(x))).isLessThan(1e-6);
        fit(adapted, data, 5);
        LoRAAdapter trained = lora.adapter("a");
        INDArray bOfRow = requireNonNull(trained.weights().get("first")).loraB().getRow(1);
        assertThat(Differences.fromZero(bOfRow)).isPositive();
        assertThat(lora.merge("a").output(x).distance2(adapted.output(x))).isLessThan(1e-6);
    }

    @Test
    void mergesIntoAPlainNetwork() {
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        fit(adapted, data, 5);
        MultiLayerNetwork merged = lora.merge("a");
        assertThat(merged.output(x).distance2(adapted.output(x))).isLessThan(1e-6);
        assertThat(merged.getLayerWiseConfigurations().toJson()).doesNotContain("lora4j");
        assertThat(merged.params()).isNotEqualTo(base.params());
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "rslora", "dora", "pissa", "bias", "lora bias", "saved"})
    void foldersGiveTheSameOutput(String variant, @TempDir Path folder) throws IOException {
        LoRAConfigBuilder builder = config.toBuilder();
        LoRAConfig chosen = switch (variant) {
            case "rslora" -> builder.rankStabilized(true).build();
            case "dora" -> builder.dora(true).build();
            case "pissa" -> builder.init(LoRAInit.pissa()).build();
            case "bias" -> builder.bias(BiasTraining.ALL).build();
            case "lora bias" -> builder.loraBias(true).build();
            case "saved" -> builder.targetModules("first").modulesToSave("head").build();
            default -> builder.build();
        };
        MultiLayerNetwork adapted = lora.add("a", chosen, new Adam(0.05));
        assertThat(adapted.output(x).distance2(base.output(x))).isLessThan(1e-6);
        fit(adapted, data, 10);
        lora.save("a", folder);

        MultiLayerNetwork loaded = lora.load("again", folder, new Adam(0.05), ReadOptions.of(FingerprintCheck.REQUIRE));

        assertThat(lora.adapter("again").weights()).isEqualTo(lora.adapter("a").weights());
        double tolerance = variant.equals("pissa") ? 1e-6 : 0;
        assertThat(loaded.output(x).distance2(adapted.output(x))).isLessThanOrEqualTo(tolerance);
        assertThat(lora.merge("a").output(x).distance2(adapted.output(x))).isLessThan(1e-6);
        assertThat(adapted.output(x).distance2(base.output(x))).isGreaterThan(1e-2);
        lora.setEnabled("a", false);
        Networks.assertSameBits(adapted.output(x), base.output(x));
    }

    @Test
    void goesOnTrainingFromAFileAsIfItHadNotStopped(@TempDir Path folder) throws IOException {
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        fit(adapted, data, 5);
        File file = folder.resolve("network.zip").toFile();
        ModelSerializer.writeModel(adapted, file, true);
        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(file, true);
        assertThatThrownBy(() -> restored.output(x))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("layer 'first' must be attached to the network that it adapts");

        MultiLayerNetwork again = LoRANetwork.of(base).add("a", config, restored);

        Networks.assertSameBits(again.output(x), adapted.output(x));
        fit(adapted, data, 5);
        fit(again, data, 5);
        Networks.assertSameBits(again.params(), adapted.params());
        assertThat(again.getIterationCount()).isEqualTo(10);
        assertThatThrownBy(() -> LoRANetwork.of(base).add("a", Networks.config(3, "first"), restored))
                .hasMessageContaining("layer 'first': the network must have the arrays of this base");
    }

    @Test
    void clonesComputeWithTheSameBase() {
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        fit(adapted, data, 3);
        MultiLayerNetwork copy = adapted.clone();
        Networks.assertSameBits(copy.output(x), adapted.output(x));
        fit(copy, data, 3);
        assertThat(copy.output(x)).isNotEqualTo(adapted.output(x));
    }

    @Test
    void refusesCopiesByWayOfJson() {
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        String json = adapted.getLayerWiseConfigurations().toJson();
        MultiLayerNetwork replica = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json));
        replica.init();
        assertThatThrownBy(() -> replica.fit(data)).hasMessageContaining("LoRANetwork.of(base).add(");
    }

    @Test
    void stopsEarly() {
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        EarlyStoppingConfiguration<MultiLayerNetwork> stopping = new EarlyStoppingConfiguration.Builder<
                        MultiLayerNetwork>()
                .epochTerminationConditions(new MaxEpochsTerminationCondition(4))
                .scoreCalculator(new DataSetLossCalculator(new ListDataSetIterator<>(List.of(data)), true))
                .modelSaver(new InMemoryModelSaver<>())
                .build();
        EarlyStoppingResult<MultiLayerNetwork> result =
                new EarlyStoppingTrainer(stopping, adapted, new ListDataSetIterator<>(List.of(data))).fit();
        assertThat(result.getTotalEpochs()).isEqualTo(4);
        MultiLayerNetwork best = result.getBestModel();
        assertThat(best.score(data)).isLessThan(base.score(data));
    }

    @Test
    void changesTheLearningRate() {
        MultiLayerNetwork adapted = lora.add("a", config, new Sgd(0.5));
        fit(adapted, data, 1);
        INDArray before = adapted.params().dup();
        lora.setLearningRate("a", 1e-9);
        fit(adapted, data, 1);
        assertThat(adapted.params().distance2(before)).isLessThan(1e-6);
        lora.setLearningRate("a", 0.5);
        fit(adapted, data, 1);
        assertThat(adapted.params().distance2(before)).isGreaterThan(1e-3);
        assertThatThrownBy(() -> lora.setLearningRate("a", 0)).hasMessageContaining("must be positive and finite");
    }

    @Test
    void keepsTheStateOfRecurrentLayers() {
        MultiLayerNetwork recurrent = Networks.of(
                FLOAT,
                InputType.recurrent(4, 12),
                new LSTM.Builder().name("lstm").nOut(5).build(),
                Networks.rnnOutput("head", 3));
        recurrent.getLayerWiseConfigurations().setBackpropType(BackpropType.TruncatedBPTT);
        recurrent.getLayerWiseConfigurations().setTbpttFwdLength(4);
        recurrent.getLayerWiseConfigurations().setTbpttBackLength(4);
        LoRANetwork<MultiLayerNetwork> adapters = LoRANetwork.of(recurrent);
        MultiLayerNetwork adapted = adapters.add("a", Networks.config(2, "lstm.W", "lstm.RW"), new Adam(0.05));
        INDArray sequences = Networks.normal(FLOAT, 2, 3, 4, 12);
        DataSet steps = new DataSet(sequences, Networks.sequenceLabels(FLOAT, 3, 3, 12));
        double score = adapted.score(steps);
        fit(adapted, steps, 10);
        assertThat(adapted.score(steps)).isLessThan(score);
        assertThat(adapted.getIterationCount()).isEqualTo(30);

        INDArray whole = adapted.output(sequences);
        adapted.rnnClearPreviousState();
        for (int t = 0; t < 12; t++) {
            INDArray step =
                    adapted.rnnTimeStep(sequences.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(t)));
            INDArray expected = whole.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(t));
            assertThat(step.distance2(expected)).as("step " + t).isLessThan(1e-5);
        }
    }

    @Test
    void adaptsNetworksOfTransferLearningAndGivesThemBack() {
        MultiLayerNetwork frozen = new TransferLearning.Builder(base)
                .fineTuneConfiguration(new FineTuneConfiguration.Builder()
                        .updater(new Sgd(0.1))
                        .build())
                .setFeatureExtractor(1)
                .build();
        LoRANetwork<MultiLayerNetwork> adapters = LoRANetwork.of(frozen);
        MultiLayerNetwork adapted = adapters.add("a", config, new Adam(0.05));
        double score = adapted.score(data);
        fit(adapted, data, 30);
        assertThat(adapted.score(data)).isLessThan(0.7 * score);

        MultiLayerNetwork tuned = new TransferLearning.Builder(adapters.merge("a"))
                .nOutReplace(2, 2, WeightInit.XAVIER)
                .build();
        assertThat(tuned.output(x).columns()).isEqualTo(2);
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThatThrownBy(() -> lora.add("a", Networks.config(2, "frist"), new Sgd(1)))
                .hasMessageContaining("nearest is 'first'");
        assertThatThrownBy(() -> lora.using("a")).hasMessageContaining("no adapter 'a'");
        assertThatThrownBy(() -> LoRANetwork.of(new MultiLayerNetwork(base.getLayerWiseConfigurations())))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("call its init() first");
        MultiLayerNetwork sameNames = Networks.of(
                FLOAT,
                InputType.feedForward(3),
                Networks.dense("a", 2),
                Networks.dense("a", 2),
                Networks.output("b", 2));
        assertThatThrownBy(() -> LoRANetwork.of(sameNames)).hasMessageContaining("found 'a' twice");
    }

    @Test
    void refusesSelfAttention() {
        MultiLayerNetwork attention = Networks.of(
                FLOAT,
                InputType.recurrent(4, 5),
                new LSTM.Builder().name("lstm").nOut(4).build(),
                new SelfAttentionLayer.Builder()
                        .name("attention")
                        .nOut(4)
                        .nHeads(2)
                        .projectInput(true)
                        .build(),
                Networks.rnnOutput("head", 3));
        assertThatThrownBy(() -> LoRANetwork.of(attention).add("a", Networks.config(1, "attention"), new Sgd(1)))
                .hasMessageContaining("layer 'attention': a target must not be one of DL4J's layers on SameDiff");
        assertThat(LoRANetwork.of(attention).add("a", Networks.config(1, "head"), new Sgd(1)))
                .isNotNull();
    }

    @Test
    void dropsInTrainingOnly() {
        LoRAConfig dropping = config.toBuilder().dropout(0.5).build();
        MultiLayerNetwork adapted = lora.add("a", dropping, new Adam(0.05));
        Networks.disturb(adapted.params());
        Networks.assertSameBits(adapted.output(x), adapted.output(x));
        assertThat(adapted.output(x).distance2(lora.merge("a").output(x))).isLessThan(1e-5);
        Nd4j.getRandom().setSeed(5);
        INDArray first = adapted.output(x, true);
        INDArray second = adapted.output(x, true);
        assertThat(first).isNotEqualTo(second).isNotEqualTo(adapted.output(x));
        Nd4j.getRandom().setSeed(5);
        Networks.assertSameBits(adapted.output(x, true), first);
    }

    @Test
    void refusesDropoutWhereNoFactorsCompute() {
        LoRAConfig dora = config.toBuilder().dropout(0.5).dora(true).build();
        assertThatThrownBy(() -> lora.add("a", dora, new Sgd(1)))
                .hasMessage(
                        "first: dropout must be 0 with DoRA and for layers that have no factored form, found 0.5 for a"
                                + " DenseLayer; set dropout to 0, or choose other targets");
        LoRANetwork<MultiLayerNetwork> recurrent = LoRANetwork.of(Networks.of(
                FLOAT,
                InputType.recurrent(4, 5),
                new LSTM.Builder().name("lstm").nOut(3).build(),
                Networks.rnnOutput("head", 2)));
        LoRAConfig ofLstm =
                Networks.config(1, "lstm.RW", "head").toBuilder().dropout(0.5).build();
        assertThatThrownBy(() -> recurrent.add("a", ofLstm, new Sgd(1)))
                .hasMessageContaining("lstm.RW: dropout must be 0")
                .hasMessageContaining("found 0.5 for a LSTM");
        LoRAConfig ofHead = Networks.config(1, "head").toBuilder().dropout(0.5).build();
        assertThat(recurrent.add("a", ofHead, new Sgd(1))).isNotNull();
    }

    @Test
    void convertsChainsOfDenseLayers() {
        MultiLayerNetwork adapted = lora.add("a", config, new Adam(0.05));
        fit(adapted, data, 5);
        Network network = lora.toNetwork();
        INDArray logits = LoRAModel.of(network).add("a", lora.adapter("a")).predict(x);
        assertThat(Nd4j.nn().softmax(logits, 1).distance2(adapted.output(x))).isLessThan(1e-5);
        LoRANetwork<MultiLayerNetwork> recurrent = LoRANetwork.of(Networks.of(
                FLOAT,
                InputType.recurrent(4, 5),
                new LSTM.Builder().name("lstm").nOut(3).build(),
                Networks.rnnOutput("head", 2)));
        assertThatThrownBy(recurrent::toNetwork).hasMessageContaining("layer 'lstm': only dense, output");
    }

    @Test
    void storesNetworksOfConvolutions(@TempDir Path folder) throws IOException {
        MultiLayerNetwork images = Networks.of(
                FLOAT,
                InputType.convolutionalFlat(6, 6, 1),
                new ConvolutionLayer.Builder(3, 3).name("conv").nOut(2).build(),
                new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build(),
                Networks.dense("dense", 4),
                Networks.output("head", 3));
        INDArray pixels = Networks.normal(FLOAT, 3, 8, 36);
        DataSet pictures = new DataSet(pixels, Networks.labels(FLOAT, 8, 3));
        for (String lowest : List.of("conv", "dense")) {
            LoRAConfig chosen = Networks.config(1, lowest, "head");
            MultiLayerNetwork adapted = LoRANetwork.of(images).add("a", chosen, new Adam(0.05));
            fit(adapted, pictures, 3);
            File file = folder.resolve(lowest + ".zip").toFile();
            ModelSerializer.writeModel(adapted, file, true);
            MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(file, true);
            MultiLayerNetwork again = LoRANetwork.of(images).add("a", chosen, restored);
            Networks.assertSameBits(again.output(pixels), adapted.output(pixels));
            assertThat(again.output(pixels)).isNotEqualTo(images.output(pixels));
        }
    }
}
