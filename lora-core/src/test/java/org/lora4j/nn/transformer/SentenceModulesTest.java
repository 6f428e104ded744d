package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.ModelSource;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

/** The modules of sentence-transformers after the encoder, in files that may come from strangers. */
class SentenceModulesTest {
    private static final Sequences INPUT = Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2});
    private static final int WIDTH = 24;
    private static final String TANH = "torch.nn.modules.activation.Tanh";

    @TempDir
    private Path folder;

    private final Random random = new Random(5);
    private INDArray mean;

    @BeforeEach
    void copy() throws Exception {
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(GoldenCase.of("encoder_forward").folder().resolve(file), folder.resolve(file));
        }
        mean = PretrainedModel.load(folder, DataType.DOUBLE).meanPooled().predict(INPUT);
        assertThat(mean.size(1)).isEqualTo(WIDTH);
        write("1_Pooling/config.json", "{\"pooling_mode\": \"mean\"}");
    }

    private void write(String file, String text) throws Exception {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    /** Writes a list of modules after the transformer, such as {@code Pooling} in {@code 1_Pooling}. */
    private void modules(String... names) throws Exception {
        StringBuilder text = new StringBuilder("[" + entry("", "Transformer"));
        for (int i = 0; i < names.length; i++) {
            text.append(", ").append(entry((i + 1) + "_" + names[i], names[i]));
        }
        write("modules.json", text + "]");
    }

    private static String entry(String path, String name) {
        return "{\"idx\": 0, \"name\": \"0\", \"path\": \"" + path + "\", \"type\": \"sentence_transformers.models."
                + name + "\"}";
    }

    /** Writes a dense module with random weights, and returns these. */
    private INDArray[] dense(String name, int inputs, int outputs, boolean hasBias, String function) throws Exception {
        write(
                name + "/config.json",
                "{\"in_features\": " + inputs + ", \"out_features\": " + outputs + ", \"bias\": " + hasBias
                        + ", \"activation_function\": \"" + function + "\"}");
        INDArray weight = RandomArrays.gaussian(random, 0.3, DataType.DOUBLE, outputs, inputs);
        INDArray bias = RandomArrays.gaussian(random, 0.3, DataType.DOUBLE, outputs);
        SafeTensorsBuilder file = SafeTensors.builder().tensor("linear.weight", weight);
        if (hasBias) {
            file.tensor("linear.bias", bias);
        } else {
            bias.assign(0);
        }
        file.build().write(folder.resolve(name + "/model.safetensors"));
        return new INDArray[] {weight, bias};
    }

    private static INDArray dense(INDArray x, INDArray[] dense, DoubleUnaryOperator function) {
        INDArray y = x.mmul(dense[0].transpose()).addRowVector(dense[1]);
        for (int i = 0; i < y.length(); i++) {
            y.putScalar(i, function.applyAsDouble(y.getDouble(i)));
        }
        return y;
    }

    private static INDArray normalized(INDArray x) {
        return x.divColumnVector(x.norm2(true, 1));
    }

    private INDArray embeddings() throws Exception {
        return PretrainedModel.load(folder, DataType.DOUBLE)
                .sentenceEmbeddings()
                .predict(INPUT);
    }

    static Stream<Arguments> functions() {
        return Map.<String, DoubleUnaryOperator>of(
                        "linear.Identity", x -> x,
                        "activation.Tanh", Math::tanh,
                        "activation.ReLU", x -> Math.max(0, x),
                        "activation.GELU", SentenceModulesTest::gelu,
                        "activation.SiLU", x -> x / (1 + Math.exp(-x)),
                        "activation.Sigmoid", x -> 1 / (1 + Math.exp(-x)))
                .entrySet()
                .stream()
                .map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
    }

    /** {@code x·Φ(x)}, with the series of the error function. */
    private static double gelu(double x) {
        double term = x / Math.sqrt(2);
        double sum = term;
        for (int n = 1; n < 60; n++) {
            term *= -x * x / 2 / n;
            sum += term / (2 * n + 1);
        }
        return x / 2 * (1 + 2 / Math.sqrt(Math.PI) * sum);
    }

    @ParameterizedTest
    @MethodSource("functions")
    void computesEveryActivation(String name, DoubleUnaryOperator function) throws Exception {
        modules("Pooling", "Dense");
        INDArray[] weights = dense("2_Dense", WIDTH, 7, true, "torch.nn.modules." + name);
        GoldenCase.assertClose(name, embeddings(), dense(mean, weights, function), 1e-9);
    }

    @Test
    void theOrderIsThatOfTheFile() throws Exception {
        INDArray[] wide = dense("2_Dense", WIDTH, 40, false, "torch.nn.modules.linear.Identity");
        INDArray[] narrow = dense("3_Dense", 40, 6, true, TANH);
        modules("Pooling", "Dense", "Dense", "Normalize");
        INDArray last = dense(dense(mean, wide, x -> x), narrow, Math::tanh);
        GoldenCase.assertClose("normalized last", embeddings(), normalized(last), 1e-9);
        Files.move(folder.resolve("2_Dense"), folder.resolve("3"));
        Files.move(folder.resolve("3_Dense"), folder.resolve("4_Dense"));
        Files.move(folder.resolve("3"), folder.resolve("3_Dense"));
        modules("Pooling", "Normalize", "Dense", "Dense");
        last = dense(dense(normalized(mean), wide, x -> x), narrow, Math::tanh);
        GoldenCase.assertClose("normalized first", embeddings(), last, 1e-9);
    }

    @Test
    void withoutNormalizeTheEmbeddingIsNotNormalized() throws Exception {
        modules("Pooling");
        GoldenCase.assertClose("pooling alone", embeddings(), mean, 1e-12);
        dense("2_Dense", WIDTH, 5, true, "torch.nn.modules.linear.Identity");
        modules("Pooling", "Dense");
        Network network = PretrainedModel.load(folder).sentenceEmbeddings();
        assertThat(network.taskType()).contains("FEATURE_EXTRACTION");
        assertThat(network.outputSize()).isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void fewerDimensionsAreTheFirstOnes(boolean normalizes) throws Exception {
        dense("2_Dense", WIDTH, 8, true, TANH);
        modules(normalizes ? new String[] {"Pooling", "Dense", "Normalize"} : new String[] {"Pooling", "Dense"});
        INDArray first = embeddings()
                .get(NDArrayIndex.all(), NDArrayIndex.interval(0, 3))
                .dup();
        PretrainedModel model = PretrainedModel.load(folder, DataType.DOUBLE);
        Network network = model.sentenceEmbeddings(3);
        assertThat(network.taskType()).contains("FEATURE_EXTRACTION");
        GoldenCase.assertClose("first", network.predict(INPUT), normalizes ? normalized(first) : first, 1e-9);
        assertThat(model.sentenceEmbeddings(8).predict(INPUT)).isEqualTo(embeddings());
        for (int wrong : new int[] {0, -1, 9, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> model.sentenceEmbeddings(wrong))
                    .hasMessage("dimensions must be between 1 and the 8 numbers of an embedding, found " + wrong);
        }
    }

    @Test
    void theGradientOfFewerDimensionsIsThatOfTheFirstOnes() throws Exception {
        dense("2_Dense", WIDTH, 8, true, TANH);
        modules("Pooling", "Dense", "Normalize");
        Network network = PretrainedModel.load(folder, DataType.DOUBLE).sentenceEmbeddings(3);
        Pass pass = network.newTrainingPass();
        INDArray direction = RandomArrays.gaussian(random, 1, DataType.DOUBLE, 2, 3);
        DoubleSupplier loss =
                () -> pass.forward(INPUT).mul(direction).sumNumber().doubleValue();
        assertThat(loss.getAsDouble()).isFinite();
        pass.backward(direction);
        Parameter weight = network.linear("2_Dense.linear").weightParameter();
        INDArray gradient = pass.gradient(weight).dup('c');
        assertThat(gradient.getRow(2).norm1Number().doubleValue()).isPositive();
        assertThat(gradient.getRow(3).norm1Number().doubleValue()).isZero();
        FiniteDifferences.assertGradient("dense", loss, weight.value(), gradient);
    }

    @Test
    void namesOfNewerVersionsAndOtherFoldersAreUnderstood() throws Exception {
        write("5_Pooling/config.json", "{\"pooling_mode\": [\"max\", \"mean\"], \"include_prompt\": false}");
        write("modules.json", """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
                 {"idx": 1, "name": "1", "path": "5_Pooling",
                  "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
                 {"idx": 2, "name": "2", "path": "7_Normalize", "type": "sentence_transformers.base.modules.normalize.Normalize"}]
                """);
        write(
                "7_Normalize/config.json",
                "{\"module_input_name\": \"sentence_embedding\", \"module_output_name\": null}");
        PretrainedModel model = PretrainedModel.load(folder, DataType.DOUBLE);
        assertThat(model.pooling()).containsExactly(Pooling.Method.MAX, Pooling.Method.MEAN);
        INDArray found = model.sentenceEmbeddings().predict(INPUT);
        INDArray second = found.get(NDArrayIndex.all(), NDArrayIndex.interval(WIDTH, 2 * WIDTH));
        GoldenCase.assertClose("direction", normalized(second.dup()), normalized(mean), 1e-9);
    }

    @Test
    void aSavedModelHasItsModules(@TempDir Path saved, @TempDir Path classifier) throws Exception {
        dense("2_Dense", WIDTH, 5, true, TANH);
        modules("Pooling", "Dense", "Normalize");
        INDArray expected = embeddings();
        PretrainedModel model = PretrainedModel.load(folder, DataType.DOUBLE);
        Network changed = model.sentenceEmbeddings().copy();
        changed.linear("2_Dense.linear").weight().muli(-1);
        Objects.requireNonNull(changed.linear("2_Dense.linear").bias()).muli(-1);
        model.save(changed, saved);
        assertThat(SafeTensors.read(saved.resolve("2_Dense/model.safetensors")).names())
                .containsExactlyInAnyOrder("linear.weight", "linear.bias");
        assertThat(SafeTensors.read(saved.resolve("model.safetensors")).names())
                .noneMatch(name -> name.contains("linear"));
        // The tangent is odd.
        GoldenCase.assertClose("saved", embeddingsOf(saved), expected.neg(), 1e-12);
        model.save(model.classifier(2, 1), classifier);
        GoldenCase.assertClose("classifier", embeddingsOf(classifier), expected, 1e-12);
        Files.delete(folder.resolve("modules.json"));
        Files.delete(folder.resolve("1_Pooling/config.json"));
        PretrainedModel plain = PretrainedModel.load(folder, DataType.DOUBLE);
        plain.save(plain.lastHiddenState(), saved);
        GoldenCase.assertClose("no modules", embeddingsOf(saved), normalized(mean), 1e-12);
    }

    private static INDArray embeddingsOf(Path folder) throws Exception {
        return PretrainedModel.load(folder, DataType.DOUBLE)
                .sentenceEmbeddings()
                .predict(INPUT);
    }

    @Test
    void halfPrecisionIsWrittenForDenseModulesToo(@TempDir Path saved) throws Exception {
        dense("2_Dense", WIDTH, 3000, true, TANH);
        modules("Pooling", "Dense");
        PretrainedModel model = PretrainedModel.load(folder);
        model.save(model.sentenceEmbeddings(), saved, Dtype.BF16);
        SafeTensors written = SafeTensors.read(saved.resolve("2_Dense/model.safetensors"));
        assertThat(written.dtype("linear.weight")).isEqualTo(Dtype.BF16);
        assertThat(written.dtype("linear.bias")).isEqualTo(Dtype.F32);
    }

    @Test
    void otherSourcesAndPrecisionsMeanTheSame() throws Exception {
        dense("2_Dense", WIDTH, 3000, true, TANH);
        modules("Pooling", "Dense", "Normalize");
        for (Precision precision : Precision.values()) {
            BaseStorage storage = BaseStorage.of(precision);
            INDArray found =
                    PretrainedModel.load(folder, storage).sentenceEmbeddings().predict(INPUT);
            GoldenCase.assertClose(precision.toString(), found, embeddings(), 0.03);
            assertThat(PretrainedModel.load(FilesInMemory.read(folder), storage)
                            .sentenceEmbeddings()
                            .predict(INPUT)
                            .toFloatMatrix())
                    .isDeepEqualTo(found.toFloatMatrix());
        }
        ModelSource source = ModelSource.of(folder);
        assertThat(ModelFiles.settings(source))
                .containsExactly("config.json", "modules.json", "1_Pooling/config.json", "2_Dense/config.json");
        assertThat(ModelFiles.weights(source)).containsExactly("model.safetensors", "2_Dense/model.safetensors");
    }

    @Test
    void anAdapterTrainsOnADenseModule(@TempDir Path saved) throws Exception {
        dense("2_Dense", WIDTH, 8, true, TANH);
        modules("Pooling", "Dense", "Normalize");
        PretrainedModel encoder = PretrainedModel.load(folder, DataType.DOUBLE);
        LoRAModel model = LoRAModel.of(encoder.sentenceEmbeddings());
        AdapterView view = model.add(
                "dense",
                LoRAConfig.builder()
                        .rank(2)
                        .alpha(4)
                        .targetModules("2_Dense.linear", "query")
                        .build());
        Sequences others = Sequences.of(new int[] {4, 9}, new int[] {8, 2, 6});
        Trainer.builder(view)
                .loss(Loss.inBatchNegatives(2))
                .updater(new Sgd(0.5))
                .maxIterations(20)
                .build()
                .fit(List.of(Batch.ofPairs(INPUT, others)));
        INDArray trained = view.predict(INPUT);
        assertThat(trained.distance2(embeddings())).isGreaterThan(0.01);
        view.save(saved);
        assertThat(SafeTensors.read(saved.resolve("adapter_model.safetensors")).names())
                .contains(
                        "base_model.model.2_Dense.linear.lora_A.weight",
                        "base_model.model.2_Dense.linear.lora_B.weight",
                        "base_model.model.encoder.layer.0.attention.self.query.lora_A.weight");
        assertThat(SafeTensors.read(saved.resolve("adapter_model.safetensors"))
                        .tensor("base_model.model.2_Dense.linear.lora_B.weight", DataType.DOUBLE)
                        .norm1Number()
                        .doubleValue())
                .isPositive();
        AdapterView loaded = LoRAModel.of(
                        PretrainedModel.load(folder, DataType.DOUBLE).sentenceEmbeddings())
                .load("again", saved);
        GoldenCase.assertClose("loaded", loaded.predict(INPUT), trained, 1e-12);
        GoldenCase.assertClose("merged", model.merge("dense").predict(INPUT), trained, 1e-9);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../1_Pooling", "/etc", "1_Pooling/../1_Pooling", "..", "a.b", "C:", "a\\\\b", "", "x\u0000y"})
    void aPathOutOfTheFolderIsRefused(String path) throws Exception {
        for (String name : new String[] {"Pooling", "Dense", "Normalize"}) {
            write(
                    "modules.json",
                    "[" + entry("", "Transformer") + ", "
                            + (name.equals("Pooling") ? "" : entry("1_Pooling", "Pooling") + ", ") + entry(path, name)
                            + "]");
            assertRefused("modules.json: ");
        }
    }

    private void assertRefused(String message) throws Exception {
        PretrainedModel model = PretrainedModel.load(folder);
        assertThatThrownBy(model::sentenceEmbeddings)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
        assertThat(model.meanPooled().predict(INPUT).size(0)).isEqualTo(2);
    }

    @Test
    void otherModulesAreRefusedByName() throws Exception {
        modules("Pooling", "LayerNorm");
        assertRefused("found 'sentence_transformers.models.LayerNorm in 2_LayerNorm'");
        modules("Dense", "Pooling");
        assertRefused(
                "found 'sentence_transformers.models.Dense in 1_Dense', 'sentence_transformers.models.Pooling in 2_Pooling'");
        modules("Pooling", "Pooling");
        assertRefused("found 'sentence_transformers.models.Pooling in 2_Pooling'");
        modules();
        assertRefused("found 'sentence_transformers.models.Transformer in '");
        write("modules.json", "[" + entry("0_Transformer", "Transformer") + ", " + entry("1_Pooling", "Pooling") + "]");
        assertRefused("found 'sentence_transformers.models.Transformer in 0_Transformer'");
        write(
                "modules.json",
                "[" + entry("", "Transformer").replace("sentence_transformers.models", "custom_st") + ", "
                        + entry("1_Pooling", "Pooling") + "]");
        assertRefused("found 'custom_st.Transformer in '");
        write(
                "modules.json",
                "[" + entry("", "Transformer") + ", " + entry("1_Pooling", "Pooling") + ", "
                        + entry("1_Pooling", "Normalize") + "]");
        assertRefused("found 'sentence_transformers.models.Normalize in 1_Pooling'");
        for (String text : new String[] {"{}", "null", "3", "[]", "[1]", "[{}, {}]", "[{", ""}) {
            write("modules.json", text);
            assertRefused("modules.json: ");
        }
    }

    @Test
    void missingFilesAreNamed() throws Exception {
        write("modules.json", "[" + entry("", "Transformer") + ", " + entry("3_Pooling", "Pooling") + "]");
        assertRefused("modules.json: the module in 3_Pooling must have 3_Pooling/config.json, found no such file");
        modules("Pooling", "Dense");
        assertRefused("modules.json: the module in 2_Dense must have 2_Dense/config.json, found no such file");
        dense("2_Dense", WIDTH, 5, true, TANH);
        Files.delete(folder.resolve("2_Dense/model.safetensors"));
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith(
                        "2_Dense/model.safetensors: the weights of the module must be in this file, found no such"
                                + " file; download the whole folder of the model");
        write("2_Dense/pytorch_model.bin", "");
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith(
                        "found 2_Dense/pytorch_model.bin; load the model in Python with SentenceTransformer and"
                                + " call save_pretrained(folder)");
    }

    @Test
    void sizesThatDoNotFitAreRefused() throws Exception {
        modules("Pooling", "Dense", "Dense");
        dense("2_Dense", WIDTH, 5, true, TANH);
        dense("3_Dense", 6, 4, true, TANH);
        assertRefused(
                "3_Dense/config.json: in_features must be 5, the length of the vectors of the module before, found 6");
        for (String[] change : new String[][] {
            {"\"in_features\": 24", "\"in_features\": 23"},
            {"\"out_features\": 5", "\"out_features\": 2147483647"},
            {"\"bias\": true", "\"bias\": false"}
        }) {
            dense("2_Dense", WIDTH, 5, true, TANH);
            String text = Files.readString(folder.resolve("2_Dense/config.json"));
            assertThat(text).contains(change[0]);
            write("2_Dense/config.json", text.replace(change[0], change[1]));
            assertThatThrownBy(() -> PretrainedModel.load(folder))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("2_Dense/model.safetensors: tensors: must be those of 2_Dense/config.json");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"in_features\": 0",
                "\"in_features\": -1",
                "\"in_features\": 24.5",
                "\"in_features\": \"24\"",
                "\"in_features\": 99999999999",
                "\"in_features\": null",
                "\"in_features\": 24, \"use_residual\": true",
                "\"in_features\": 24, \"module_input_name\": \"token_embeddings\"",
                "\"in_features\": 24, \"bias\": \"yes\"",
                "\"in_features\": 24, \"activation_function\": \"torch.nn.modules.activation.PReLU\"",
                "\"in_features\": 24, \"activation_function\": \"os.system.Tanh\"",
                "\"in_features\": 24, \"activation_function\": 3"
            })
    void wrongFieldsOfADenseModuleAreRefused(String fields) throws Exception {
        modules("Pooling", "Dense");
        dense("2_Dense", WIDTH, 5, true, TANH);
        write("2_Dense/config.json", "{\"out_features\": 5, " + fields + "}");
        assertRefused("2_Dense/config.json: ");
    }

    @Test
    void damagedWeightsOfADenseModuleAreRefused() throws Exception {
        modules("Pooling", "Dense");
        INDArray[] weights = dense("2_Dense", WIDTH, 5, false, TANH);
        weights[0].putScalar(3, Double.NaN);
        SafeTensors.builder()
                .tensor("linear.weight", weights[0])
                .build()
                .write(folder.resolve("2_Dense/model.safetensors"));
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("2_Dense/model.safetensors");
        write("2_Dense/model.safetensors", "no tensors");
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("2_Dense/model.safetensors");
    }
}
