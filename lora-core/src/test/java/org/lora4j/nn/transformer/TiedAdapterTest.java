package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** Adapters with ensure_weight_tying: an embedding and the head that shares its table train one matrix, or one pair of factors. */
@Tag("numbers")
class TiedAdapterTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);
    private static final String FACTORS = "decoder_embedding_lora_tied_both";
    private static final String MATRIX = "decoder_modules_to_save_tied";
    private static final String PREFIX = "base_model.model.";

    private static LoRAModel model(String name, DataType type) throws Exception {
        GoldenCase golden = GoldenCase.of(name);
        LoRAModel model = LoRAModel.of(golden.causal(type));
        model.load("peft", golden.folder().resolve("adapter"), OPTIONS);
        model.setTrainable("peft");
        return model;
    }

    private static AdapterView load(String name, DataType type) throws Exception {
        return model(name, type).using("peft");
    }

    private static Batch batch() {
        SplittableRandom random = new SplittableRandom(3);
        return new Batch(
                Sequences.of(
                        random.ints(9, 1, 61).toArray(),
                        random.ints(1, 1, 61).toArray(),
                        random.ints(14, 1, 61).toArray()),
                null);
    }

    @ParameterizedTest
    @ValueSource(strings = {FACTORS, MATRIX})
    void theGradientIsTheSumOfBothLayers(String name) throws Exception {
        AdapterView view = load(name, DataType.DOUBLE);
        BatchGradients gradients = new BatchGradients(view, Loss.nextToken());
        BatchGradients losses = new BatchGradients(view, Loss.nextToken());
        gradients.compute(batch(), 0, 0, 0);
        gradients.compute(batch(), 0, 0, 0);
        assertThat(gradients.parameters()).containsExactlyInAnyOrderElementsOf(view.parameters());
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < gradients.parameters().size(); i++) {
            INDArray value = gradients.parameters().get(i).value();
            INDArray gradient = gradients.gradients().get(i);
            // Along a random direction, because the matrix has thousands of elements.
            INDArray direction = RandomArrays.gaussian(random, 1, DataType.DOUBLE, value.shape());
            INDArray start = value.dup();
            double h = 1e-5;
            value.addi(direction.mul(h));
            double above = losses.compute(batch(), 0, 0, 0);
            value.assign(start.sub(direction.mul(h)));
            double below = losses.compute(batch(), 0, 0, 0);
            value.assign(start);
            double expected = (above - below) / (2 * h);
            assertThat(gradient.mul(direction).sumNumber().doubleValue())
                    .as(gradients.parameters().get(i).name())
                    .isCloseTo(expected, within(1e-7 * Math.max(1, Math.abs(expected))));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void factorsStayTiedInTrainingAndInFiles(DataType type, @TempDir Path folder) throws Exception {
        AdapterView view = load(FACTORS, type);
        assertThat(view.parameters())
                .extracting(Parameter::name)
                .contains("model.embed_tokens.lora_embedding_A", "model.embed_tokens.lora_embedding_B")
                .noneMatch(name -> name.startsWith("lm_head"));
        INDArray before = view.predict(batch().input());
        Trainer.builder(view)
                .loss(Loss.nextToken())
                .updater(new Adam(0.01))
                .epochs(3)
                .build()
                .fit(List.of(batch()));
        assertThat(view.predict(batch().input())).isNotEqualTo(before);
        view.save(folder);
        SafeTensors saved = SafeTensors.read(folder.resolve("adapter_model.safetensors"));
        assertThat(saved.tensor(PREFIX + "lm_head.lora_A.weight"))
                .isEqualTo(saved.tensor(PREFIX + "model.embed_tokens.lora_embedding_B")
                        .transpose());
        assertThat(saved.tensor(PREFIX + "lm_head.lora_B.weight"))
                .isEqualTo(saved.tensor(PREFIX + "model.embed_tokens.lora_embedding_A")
                        .transpose());
        AdapterView again = LoRAModel.of(GoldenCase.of(FACTORS).causal(type)).load("again", folder);
        assertThat(again.parameters()).hasSameSizeAs(view.parameters());
        assertThat(again.predict(batch().input())).isEqualTo(view.predict(batch().input()));
    }

    private static <T> Map<String, T> reversed(Map<String, T> map) {
        List<Map.Entry<String, T>> entries = new ArrayList<>(map.entrySet());
        Collections.reverse(entries);
        Map<String, T> result = new LinkedHashMap<>();
        entries.forEach(entry -> result.put(entry.getKey(), entry.getValue()));
        return result;
    }

    /** In an adapter that a program makes, the head can come before the embedding. */
    @ParameterizedTest
    @ValueSource(strings = {FACTORS, MATRIX})
    void theOrderOfAnAdapterDoesNotMatter(String name) throws Exception {
        LoRAModel model = model(name, DataType.FLOAT);
        LoRAAdapter data = model.adapter("peft");
        LoRAAdapter backwards = new LoRAAdapter(
                data.config(),
                reversed(data.weights()),
                data.biases(),
                reversed(data.savedModules()),
                data.tokenRows());
        model.add("backwards", backwards);
        assertThat(model.using("backwards").parameters())
                .hasSameSizeAs(model.using("peft").parameters());
        assertThat(model.using("backwards").predict(batch().input()))
                .isEqualTo(model.using("peft").predict(batch().input()));
    }

    @Test
    void aMatrixStaysTiedInTrainingAndInFiles(@TempDir Path folder) throws Exception {
        AdapterView view = load(MATRIX, DataType.FLOAT);
        assertThat(view.parameters()).extracting(Parameter::name).doesNotHaveDuplicates();
        Trainer.builder(view)
                .loss(Loss.nextToken())
                .updater(new Adam(0.01))
                .epochs(3)
                .build()
                .fit(List.of(batch()));
        view.save(folder);
        SafeTensors saved = SafeTensors.read(folder.resolve("adapter_model.safetensors"));
        INDArray table = saved.tensor(PREFIX + "model.embed_tokens.weight");
        assertThat(saved.tensor(PREFIX + "lm_head.weight")).isEqualTo(table);
        assertThat(table)
                .isNotEqualTo(SafeTensors.read(GoldenCase.of(MATRIX)
                                .folder()
                                .resolve("adapter")
                                .resolve("adapter_model.safetensors"))
                        .tensor(PREFIX + "model.embed_tokens.weight"));
    }

    @Test
    void aNewAdapterStartsTied() throws Exception {
        LoRAModel model = model(FACTORS, DataType.FLOAT);
        AdapterView loaded = model.using("peft");
        AdapterView view = model.add("new", loaded.adapter().config());
        LoRAWeights table = requireNonNull(view.adapter().weights().get("model.embed_tokens"));
        LoRAWeights head = requireNonNull(view.adapter().weights().get("lm_head"));
        assertThat(head.loraA()).isEqualTo(table.loraB().transpose());
        assertThat(head.loraB()).isEqualTo(table.loraA().transpose());
        assertThat(view.parameters()).hasSameSizeAs(loaded.parameters());
        assertThat(view.parameters().stream().filter(model::isLoraB))
                .extracting(Parameter::name)
                .contains("model.embed_tokens.lora_embedding_B")
                .doesNotContain("model.embed_tokens.lora_embedding_A");
    }

    /** Two files can say the same of the head and differ in its factors; then each layer keeps its own. */
    @Test
    void differentFactorsAreNotTied() throws Exception {
        LoRAModel model = model(FACTORS, DataType.FLOAT);
        AdapterView loaded = model.using("peft");
        List<INDArray> outputs = new ArrayList<>();
        outputs.add(loaded.predict(batch().input()));
        Map<String, LoRAWeights> weights = new LinkedHashMap<>(loaded.adapter().weights());
        LoRAWeights head = requireNonNull(weights.get("lm_head"));
        weights.put("lm_head", new LoRAWeights(head.loraA().mul(2), head.loraB()));
        AdapterView other = model.add("other", new LoRAAdapter(loaded.adapter().config(), weights));
        assertThat(other.parameters()).hasSize(loaded.parameters().size() + 2);
        outputs.add(other.predict(batch().input()));
        assertThat(outputs.get(0)).isNotEqualTo(outputs.get(1));
    }

    @Test
    void aMixedBatchComputesWhatTheAdapterAloneDoes() throws Exception {
        for (String name : List.of(FACTORS, MATRIX)) {
            LoRAModel model = model(name, DataType.FLOAT);
            AdapterView view = model.using("peft");
            INDArray mixed = model.predict(batch().input(), List.of("peft", LoRAModel.BASE, "peft"));
            INDArray alone = view.predict(batch().input());
            INDArray difference = mixed.sub(alone);
            assertThat(Differences.fromZero(difference.getRows(0, 8, 10, 23))).isLessThan(1e-4);
            assertThat(Differences.fromZero(difference.getRow(9))).isGreaterThan(1e-3);
        }
    }
}
