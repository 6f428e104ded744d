package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
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
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Classifiers of tokens and of several labels that PyTorch and PEFT computed: values, gradients, trainings and mixed batches. */
@Tag("numbers")
class TransformerHeadsGoldenTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);
    private static final int IGNORED = -100;

    /** The cases of a kind, which the names of their folders say. */
    private static List<GoldenCase> cases(String kind) throws Exception {
        Path golden = Path.of(
                Objects.requireNonNull(GoldenCase.class.getResource("/golden")).toURI());
        List<GoldenCase> cases = new ArrayList<>();
        try (Stream<Path> folders = Files.list(golden)) {
            for (Path folder : folders.sorted().toList()) {
                String name = folder.getFileName().toString();
                if (name.matches("(token_cls|multi_label)_[a-z0-9]+_(" + kind + ")")) {
                    cases.add(GoldenCase.of(name));
                }
            }
        }
        return cases;
    }

    static List<GoldenCase> outputs() throws Exception {
        return cases("forward");
    }

    static List<GoldenCase> adapters() throws Exception {
        return cases("lora_default|lora_all_linear|dora");
    }

    static List<GoldenCase> trainings() throws Exception {
        return cases("train_.*");
    }

    static List<GoldenCase> gradients() throws Exception {
        return cases("gradients");
    }

    static List<GoldenCase> mixed() throws Exception {
        return cases("mixed");
    }

    @Test
    void noCaseIsLost() throws Exception {
        Map<String, Integer> counts = new TreeMap<>();
        counts.put("outputs", outputs().size());
        counts.put("adapters", adapters().size());
        counts.put("trainings", trainings().size());
        counts.put("gradients", gradients().size());
        counts.put("mixed", mixed().size());
        assertThat(counts)
                .isEqualTo(Map.of("outputs", 10, "adapters", 30, "trainings", 12, "gradients", 3, "mixed", 3));
    }

    private static boolean isOfTokens(GoldenCase golden) {
        return golden.name().startsWith("token_cls");
    }

    private static Network head(GoldenCase golden, PretrainedModel model) {
        assertThat(model.hasTokenClassifier()).isEqualTo(isOfTokens(golden));
        assertThat(model.hasClassifier()).isNotEqualTo(isOfTokens(golden));
        return isOfTokens(golden) ? model.tokenClassifier() : model.classifier();
    }

    private static Network head(GoldenCase golden, DataType type) throws Exception {
        return head(golden, golden.model(type));
    }

    private static Loss loss(GoldenCase golden) throws Exception {
        if (isOfTokens(golden)) {
            return Loss.sparseSoftmaxCrossEntropy();
        }
        return golden.name().endsWith("pos_weight")
                ? Loss.multiLabel(golden.io().tensor("pos_weight").toDoubleVector())
                : Loss.multiLabel();
    }

    private static double lossOf(PretrainedModel model, GoldenCase golden, Loss loss, Sequences input, String labels)
            throws Exception {
        Network network = head(golden, model.withDropout(0));
        return new BatchGradients(network, loss)
                .compute(new Batch(input, golden.io().tensor(labels)), 0, 0, 0);
    }

    private static double scalar(GoldenCase golden, String name) throws Exception {
        return golden.io().tensor(name).getDouble(0);
    }

    @ParameterizedTest
    @MethodSource("outputs")
    void computesEveryOutput(GoldenCase golden) throws Exception {
        PretrainedModel model = golden.model();
        Network network = head(golden, model);
        assertThat(network.taskType()).contains(isOfTokens(golden) ? "TOKEN_CLS" : "SEQ_CLS");
        Sequences input = golden.input();
        INDArray logits = GoldenCase.predict(network, input);
        golden.assertOutput("logits", logits);
        Loss loss = loss(golden);
        double mean = lossOf(model, golden, loss, input, "labels");
        assertThat(mean).isCloseTo(scalar(golden, "loss"), within(1e-5));
        if (!isOfTokens(golden)) {
            assertThat(model.config().problemType()).contains(ModelConfig.ProblemType.MULTI_LABEL_CLASSIFICATION);
            golden.assertOutput("probabilities", Transforms.sigmoid(logits, true));
            Loss weighted = Loss.multiLabel(golden.io().tensor("pos_weight").toDoubleVector());
            assertThat(lossOf(model, golden, weighted, input, "labels"))
                    .isCloseTo(scalar(golden, "loss_pos_weight"), within(1e-5));
            return;
        }
        assertThat(mean * scalar(golden, "label_count")).isCloseTo(scalar(golden, "loss_sum"), within(1e-4));
        INDArray mask = golden.io().tensor("attention_mask");
        INDArray best = logits.argMax(2);
        INDArray predicted = golden.io().tensor("predicted");
        for (int i = 0; i < input.count(); i++) {
            for (int j = 0; j < mask.size(1); j++) {
                assertThat(predicted.getInt(i, j)).isEqualTo(mask.getInt(i, j) == 0 ? -1 : best.getInt(i, j));
            }
        }
        for (String form : List.of("_left", "_holes")) {
            Sequences other = Sequences.of(
                    golden.io().tensor(form.equals("_left") ? "input_ids_left" : "input_ids"),
                    golden.io().tensor("attention_mask" + form),
                    types(golden, form.equals("_left") ? "token_type_ids_left" : "token_type_ids"));
            golden.assertOutput("logits" + form, GoldenCase.predict(network, other));
            assertThat(lossOf(model, golden, loss, other, "labels" + form))
                    .isCloseTo(scalar(golden, "loss" + form), within(1e-5));
        }
    }

    private static @Nullable INDArray types(GoldenCase golden, String name) throws Exception {
        return golden.io().names().contains(name) ? golden.io().tensor(name) : null;
    }

    /** A batch has the loss and the gradients of its texts one by one, each with the weight of its labels. */
    @ParameterizedTest
    @MethodSource("outputs")
    void accumulatesBatchesByTheirLabels(GoldenCase golden) throws Exception {
        if (!isOfTokens(golden)) {
            return;
        }
        Network network = head(golden, golden.model(DataType.DOUBLE).withDropout(0));
        Sequences input = golden.input();
        INDArray labels = golden.io().tensor("labels");
        BatchGradients gradients = new BatchGradients(network, loss(golden));
        double sum = 0;
        long count = 0;
        for (int i = 0; i < input.count(); i++) {
            INDArray row = labels.get(NDArrayIndex.interval(i, i + 1), NDArrayIndex.all())
                    .dup();
            // The second text has no label that counts.
            if (row.maxNumber().intValue() != IGNORED) {
                double loss = gradients.compute(new Batch(input.part(i, i + 1), row), 0, 0, 0);
                sum += loss * gradients.weight();
                count += gradients.weight();
            }
        }
        assertThat(count).isEqualTo((long) scalar(golden, "label_count"));
        assertThat(sum).isCloseTo(scalar(golden, "loss_sum"), within(1e-5));
    }

    @ParameterizedTest
    @MethodSource("adapters")
    @Tag("slow")
    void computesEveryOutputWithAnAdapter(GoldenCase golden, @TempDir Path folder) throws Exception {
        LoRAModel model = LoRAModel.of(head(golden, DataType.FLOAT));
        Sequences input = golden.input();
        AdapterView view = model.load("peft", golden.adapter(), OPTIONS);
        golden.assertOutput("logits_adapter", padded(input, view.predict(input)));
        golden.assertOutput("logits_base", padded(input, model.base().predict(input)));
        assertMerges(golden, model, 5e-5);
        LoRAModel precise = LoRAModel.of(head(golden, DataType.DOUBLE));
        precise.load("peft", golden.adapter(), OPTIONS);
        assertMerges(golden, precise, 1e-5);
        try (LoRAModel.Scope scope = model.disable()) {
            assertThat(scope).isNotNull();
            golden.assertOutput("logits_disabled", padded(input, model.predict(input)));
        }
        String head = model.network().replaceableHead().orElseThrow();
        LoRAConfig config = view.adapter().config();
        assertThat(config.hubFields().taskType()).isEqualTo(isOfTokens(golden) ? "TOKEN_CLS" : "SEQ_CLS");
        assertThat(view.adapter().savedModules()).containsOnlyKeys(head);
        AdapterView initial =
                model.add("new", config.toBuilder().modulesToSave(head).build());
        golden.assertOutput("logits_init", padded(input, initial.predict(input)));
        assertThat(view.parameters().stream()
                        .mapToLong(parameter -> parameter.value().length())
                        .sum())
                .isEqualTo(golden.settings().path("trainable_parameters").asLong());
        List<String> adapted = new ArrayList<>();
        golden.settings().path("adapted_modules").forEach(module -> adapted.add(module.asText()));
        assertThat(view.adapter().weights().keySet()).containsExactlyInAnyOrderElementsOf(adapted);
        view.save(folder);
        assertThat(LoRAModel.of(head(golden, DataType.FLOAT))
                        .load("again", folder)
                        .predict(input))
                .isEqualTo(view.predict(input));
        SafeTensors before = SafeTensors.read(golden.adapter().resolve("adapter_model.safetensors"));
        SafeTensors after = SafeTensors.read(folder.resolve("adapter_model.safetensors"));
        for (String tensor : before.names()) {
            assertThat(after.tensor(tensor)).as(tensor).isEqualTo(before.tensor(tensor));
        }
        assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
    }

    /** Merged floats are rounded, which the layers of two cases amplify; in double they are not. */
    private static void assertMerges(GoldenCase golden, LoRAModel model, double tolerance) throws Exception {
        Sequences input = golden.input();
        golden.assertTensor("logits_merged", padded(input, model.merge("peft").predict(input)), tolerance);
    }

    private static INDArray padded(Sequences input, INDArray rows) {
        return GoldenCase.padded(input, rows);
    }

    @ParameterizedTest
    @MethodSource("gradients")
    void computesTheGradientsOfAllParameters(GoldenCase golden) throws Exception {
        Network network = head(golden, DataType.DOUBLE);
        golden.assertTensor("logits", GoldenCase.predict(network, golden.input()), 1e-9);
        BatchGradients gradients = new BatchGradients(network, loss(golden));
        Batch batch = new Batch(golden.input(), golden.io().tensor("labels"));
        assertThat(gradients.compute(batch, 0, 0, 0)).isCloseTo(scalar(golden, "loss"), within(1e-9));
        List<String> names = new ArrayList<>();
        for (int i = 0; i < gradients.parameters().size(); i++) {
            String name = "grad." + gradients.parameters().get(i).name();
            GoldenCase.assertRelative(
                    name, gradients.gradients().get(i), golden.io().tensor(name), 1e-9);
            names.add(name);
        }
        assertThat(names).containsExactlyInAnyOrderElementsOf(names(golden, "grad."));
    }

    private static List<String> names(GoldenCase golden, String prefix) {
        return golden.io().names().stream()
                .filter(name -> name.startsWith(prefix))
                .toList();
    }

    private static List<Batch> batches(GoldenCase golden) throws Exception {
        boolean hasTypes = golden.io().names().contains("token_type_ids");
        List<Batch> batches = new ArrayList<>();
        for (int step = 0; step < golden.io().tensor("losses").length(); step++) {
            batches.add(new Batch(
                    Sequences.of(
                            golden.step("input_ids", step),
                            golden.step("attention_mask", step),
                            hasTypes ? golden.step("token_type_ids", step) : null),
                    golden.step("labels", step)));
        }
        return batches;
    }

    private static List<Double> train(GoldenCase golden, AdapterView view, List<Batch> batches) throws Exception {
        JsonNode settings = golden.settings();
        List<Double> losses = new ArrayList<>();
        Trainer.builder(view)
                .loss(loss(golden))
                .updater(new AdamW(
                                settings.path("lr").doubleValue(),
                                settings.path("weight_decay").doubleValue())
                        .decayingAll())
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

    private static AdapterView initial(GoldenCase golden) throws Exception {
        return LoRAModel.of(head(golden, DataType.FLOAT))
                .load("peft", golden.folder().resolve("adapter_initial"), OPTIONS);
    }

    @ParameterizedTest
    @MethodSource("trainings")
    void trains(GoldenCase golden) throws Exception {
        AdapterView view = initial(golden);
        List<Double> losses = train(golden, view, batches(golden));
        INDArray expected = golden.io().tensor("losses");
        assertThat(losses).hasSize((int) expected.length());
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i)).as("loss of step %d", i).isCloseTo(expected.getDouble(i), within(1e-5));
        }
        Sequences input = golden.input("eval_");
        golden.assertTensor("eval_logits", padded(input, view.predict(input)), 1e-4);
        SafeTensors trained =
                SafeTensors.read(golden.folder().resolve("adapter_trained").resolve("adapter_model.safetensors"));
        for (Parameter parameter : view.parameters()) {
            String key = "base_model.model." + parameter.name();
            golden.assertLike(key, parameter.value(), trained.tensor(key), 1e-4);
        }
        assertThat(view.parameters()).hasSize(trained.names().size());
    }

    @ParameterizedTest
    @MethodSource("trainings")
    void computesTheGradientsOfTheSecondStep(GoldenCase golden) throws Exception {
        AdapterView view = initial(golden);
        List<Batch> batches = batches(golden);
        train(golden, view, batches.subList(0, 1));
        BatchGradients gradients = new BatchGradients(view, loss(golden));
        gradients.compute(batches.get(1), 1, 0, 0);
        List<String> compared = new ArrayList<>();
        for (int i = 0; i < gradients.parameters().size(); i++) {
            String key = "grad_step2." + gradients.parameters().get(i).name();
            golden.assertTensor(key, gradients.gradients().get(i), 1e-4);
            compared.add(key);
        }
        assertThat(compared).containsExactlyInAnyOrderElementsOf(names(golden, "grad_step2."));
    }

    @ParameterizedTest
    @MethodSource("mixed")
    void computesABatchWithAnAdapterForEachRow(GoldenCase golden) throws Exception {
        LoRAModel model = LoRAModel.of(head(golden, DataType.FLOAT));
        Sequences input = golden.input();
        golden.assertOutput("logits_all_base", padded(input, model.base().predict(input)));
        for (String name : List.of("first", "second")) {
            AdapterView view = model.load(name, golden.folder().resolve("adapter_" + name), OPTIONS);
            golden.assertOutput("logits_all_" + name, padded(input, view.predict(input)));
        }
        List<String> names = new ArrayList<>();
        golden.settings().path("adapter_of_row").forEach(row -> names.add(row.asText()));
        golden.assertOutput("logits", padded(input, model.predict(input, names)));
    }

    /** A saved network is a checkpoint of the class of transformers, which is read again. */
    @ParameterizedTest
    @MethodSource("outputs")
    void isSavedAndLoaded(GoldenCase golden, @TempDir Path folder) throws Exception {
        PretrainedModel model = golden.model();
        Network network = head(golden, model);
        model.save(network, folder);
        PretrainedModel again = PretrainedModel.load(folder);
        Sequences input = golden.input();
        assertThat(head(golden, again).predict(input)).isEqualTo(network.predict(input));
        SafeTensors before = SafeTensors.read(golden.folder().resolve("model.safetensors"));
        SafeTensors after = SafeTensors.read(folder.resolve("model.safetensors"));
        assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
        String architecture =
                golden.model().config().json().path("architectures").get(0).asText();
        assertThat(again.config().json().path("architectures").get(0).asText()).isEqualTo(architecture);
    }

    /** Thirty-two texts with an adapter of their own, of different numbers of labels, are what they are one by one. */
    @ParameterizedTest
    @MethodSource("mixed")
    void eachRowHasAHeadOfItsOwn(GoldenCase golden) throws Exception {
        if (!isOfTokens(golden)) {
            return;
        }
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            LoRAModel model = LoRAModel.of(head(golden, type));
            List<String> names = new ArrayList<>();
            int[][] ids = new int[32][];
            for (int i = 0; i < ids.length; i++) {
                String name = "a" + i;
                OwnHeadsTest.add(model, name, 1 + i % 7, i);
                names.add(i % 11 == 10 ? LoRAModel.BASE : name);
                ids[i] = new int[1 + i % 9];
                for (int j = 0; j < ids[i].length; j++) {
                    ids[i][j] = 5 + (3 * i + 7 * j) % 20;
                }
            }
            Sequences texts = Sequences.of(ids);
            List<INDArray> outputs = model.predictEach(texts, names);
            for (int i = 0; i < ids.length; i++) {
                INDArray alone = (names.get(i).equals(LoRAModel.BASE) ? model.base() : model.using(names.get(i)))
                        .predict(texts.part(i, i + 1));
                GoldenCase.assertClose(names.get(i), outputs.get(i), alone, type == DataType.FLOAT ? 2e-5 : 1e-11);
                assertThat(outputs.get(i).size(0)).isEqualTo(ids[i].length);
            }
        }
    }

    @Test
    void aNewClassifierOfTokensIsThatOfItsFamily() throws Exception {
        for (GoldenCase golden : outputs()) {
            if (isOfTokens(golden)) {
                PretrainedModel model = golden.model();
                Network network = model.tokenClassifier(7, 3);
                assertThat(network.outputSize()).isEqualTo(7);
                List<String> names =
                        network.parameters().stream().map(Parameter::name).toList();
                assertThat(names)
                        .containsExactlyElementsOf(model.tokenClassifier().parameters().stream()
                                .map(Parameter::name)
                                .toList());
                // What lies below the labels is the file's.
                INDArray rows = network.predict(golden.input());
                assertThat(rows.isNaN().any()).isFalse();
                LoRAModel adapted = LoRAModel.of(network);
                LoRAConfig config = LoRAConfig.builder()
                        .rank(2)
                        .init(LoRAInit.random())
                        .targetModules(model.config().defaultTargets())
                        .modulesToSave(network.replaceableHead().orElseThrow())
                        .build();
                AdapterView view = adapted.add("new", config);
                assertThat(view.adapter().config().hubFields().taskType()).isEqualTo("TOKEN_CLS");
            }
        }
        PretrainedModel modern = GoldenCase.of("token_cls_modernbert_forward").model();
        assertThat(modern.tokenClassifier(2, 1).linear("head.dense").weight())
                .isEqualTo(modern.tokenClassifier().linear("head.dense").weight());
    }
}
