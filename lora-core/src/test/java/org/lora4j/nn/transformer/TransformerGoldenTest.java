package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.nn.transformer.GoldenCase.predict;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFormatException;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.transformer.GoldenCase.Kind;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Outputs of transformers and their adapters that PyTorch and PEFT computed: every tensor of every case. */
@Tag("numbers")
class TransformerGoldenTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);

    /** The tensors of a case that are input. */
    private static final Pattern INPUT = Pattern.compile(
            "relative_position|(left_|packed_|far_)?(input_ids|attention_mask|token_type_ids|position_ids|segment_ids)(_holes|_left)?");

    private static final Pattern OF_ADAPTER =
            Pattern.compile("(logits|last_hidden_state|mean_pooled)_(base|adapter|merged|disabled|init)");

    private static List<GoldenCase> ofKind(Kind kind) throws Exception {
        return GoldenCase.all().stream().filter(golden -> golden.kind() == kind).toList();
    }

    static List<GoldenCase> outputs() throws Exception {
        return ofKind(Kind.OUTPUTS);
    }

    static List<GoldenCase> adapters() throws Exception {
        return ofKind(Kind.ADAPTER);
    }

    @Test
    void noCaseIsLost() throws Exception {
        Map<Kind, Integer> counts = new TreeMap<>();
        for (GoldenCase golden : GoldenCase.all()) {
            counts.merge(golden.kind(), 1, Integer::sum);
        }
        assertThat(counts)
                .isEqualTo(Map.of(
                        Kind.OUTPUTS, 44,
                        Kind.ADAPTER, 52,
                        Kind.SEVERAL_ADAPTERS, 1,
                        Kind.GENERATION, 7,
                        Kind.GRADIENTS, 16,
                        Kind.TRAINING, 23,
                        Kind.EMBEDDING, 1));
    }

    private static List<String> expected(GoldenCase golden) {
        return golden.io().names().stream()
                .filter(name -> !INPUT.matcher(name).matches())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("outputs")
    void computesEveryOutput(GoldenCase golden) throws Exception {
        PretrainedModel model = golden.model();
        for (String name : expected(golden)) {
            // GPT-2 does not tell a token on the left of the text from one of it by positions alone.
            boolean isOfAnotherPrecision = name.equals("logits_scale_bf16");
            if (!isOfAnotherPrecision && (!name.equals("left_logits") || !golden.isGpt2())) {
                golden.assertTensor(name, output(golden, model, name), name.equals("inv_freq") ? 1e-6 : 1e-5);
            }
        }
        assertThat(model.lastHiddenState().taskType()).contains("FEATURE_EXTRACTION");
        if (!golden.isEncoder()) {
            assertThat(model.causal().taskType()).contains("CAUSAL_LM");
        }
    }

    /** What a tensor of a case must be. */
    private static INDArray output(GoldenCase golden, PretrainedModel model, String name) throws Exception {
        Sequences input = golden.input();
        SafeTensors io = golden.io();
        if (name.endsWith("_holes")) {
            input = sequences(io, "input_ids", "attention_mask_holes", "token_type_ids");
        } else if (name.endsWith("_types0")) {
            input = Sequences.of(io.tensor("input_ids"), io.tensor("attention_mask"), null);
        } else if (name.endsWith("_left")) {
            input = sequences(io, "input_ids_left", "attention_mask_left", "token_type_ids_left");
        }
        return switch (name.replaceFirst("_(holes|types0|left)$", "")) {
            case "logits" -> predict(golden.isEncoder() ? model.classifier() : model.causal(), input);
            case "last_hidden_state" -> predict(model.lastHiddenState(), input);
            case "cls_pooled" -> firstTokens(predict(model.lastHiddenState(), input), mask(io, name));
            case "pooler_output" -> predict(model.pooled(), input);
            case "mean_pooled_normalized" -> predict(normalized(model.meanPooled()), input);
            case "sentence_embedding" -> predict(model.sentenceEmbeddings(), input);
            case "sentence_embedding_unnormalized" -> predict(withoutLast(model.sentenceEmbeddings()), input);
            case "mean_pooled" -> {
                INDArray mean = io.tensor(name);
                INDArray unit = mean.divColumnVector(mean.norm2(true, 1));
                Network sentences = normalized(model.meanPooled());
                if (!Files.exists(golden.folder().resolve("2_Dense"))) {
                    sentences = model.sentenceEmbeddings();
                }
                GoldenCase.assertClose(name, predict(sentences, input), unit, 1e-5);
                yield predict(model.meanPooled(), input);
            }
            case "hidden_after_embedding" -> predict(firstLayers(model, 0), input);
            case "hidden_after_layer_0" -> predict(firstLayers(model, 2), input);
            // Only the differences of positions count.
            case "left_logits" -> predict(model.causal(), golden.input("left_"));
            case "packed_logits" -> packed(io, model.causal());
            case "far_logits" -> far(io, model.causal());
            case "relative_bucket" -> rows(model, io.tensor("relative_position"), difference -> -difference);
            case "log_bucket" -> buckets(model, io.tensor("relative_position"));
            case "inv_freq" -> frequencies(model);
            default -> throw new IllegalArgumentException(golden + ": no rule for " + name);
        };
    }

    private static Network normalized(Network network) {
        List<Layer> layers = new ArrayList<>(network.layers());
        layers.add(new Normalize("normalize"));
        return new Network(layers);
    }

    private static Network withoutLast(Network network) {
        return new Network(network.layers().subList(0, network.layers().size() - 1));
    }

    private static Sequences sequences(SafeTensors io, String ids, String mask, String types) throws Exception {
        return Sequences.of(io.tensor(ids), io.tensor(mask), io.names().contains(types) ? io.tensor(types) : null);
    }

    private static INDArray mask(SafeTensors io, String output) throws Exception {
        return io.tensor(output.endsWith("_left") ? "attention_mask_left" : "attention_mask");
    }

    /** The vector of the first token of each text. */
    private static INDArray firstTokens(INDArray hidden, INDArray mask) {
        INDArray first = Nd4j.create(hidden.dataType(), hidden.size(0), hidden.size(2));
        for (int i = 0; i < hidden.size(0); i++) {
            int token = 0;
            while (mask.getInt(i, token) == 0) {
                token++;
            }
            first.putRow(i, hidden.get(NDArrayIndex.point(i), NDArrayIndex.point(token), NDArrayIndex.all()));
        }
        return first;
    }

    /** The embeddings, what belongs to them, and some layers behind them. */
    private static Network firstLayers(PretrainedModel model, int more) {
        List<Layer> layers = model.lastHiddenState().layers();
        int first = 0;
        while (!(layers.get(first) instanceof Residual)) {
            first++;
        }
        return new Network(layers.subList(0, first + more));
    }

    private static INDArray inOneSequence(INDArray rows) {
        return rows.reshape('c', 1, rows.size(0), rows.size(1));
    }

    private static INDArray packed(SafeTensors io, Network network) throws Exception {
        int[][] ids = GoldenCase.segments(
                io.tensor("packed_input_ids").toIntMatrix()[0],
                io.tensor("packed_segment_ids").toIntMatrix()[0]);
        assertThat(ids.length).isEqualTo(3);
        return inOneSequence(network.predict(Sequences.of(ids)));
    }

    /** Tokens between those of the case are masked, so that these stand where they should. */
    private static INDArray far(SafeTensors io, Network network) throws Exception {
        int[] positions = io.tensor("far_position_ids").toIntMatrix()[0];
        int[] ids = io.tensor("input_ids").toIntMatrix()[0];
        int[][] far = new int[1][64];
        int[][] mask = new int[1][64];
        for (int i = 0; i < positions.length; i++) {
            far[0][positions[i]] = ids[i];
            mask[0][positions[i]] = 1;
        }
        INDArray logits = network.predict(Sequences.of(far, mask, null));
        // The first token is masked and has a row.
        assertThat(logits.size(0)).isEqualTo(positions.length + 1);
        return inOneSequence(logits.get(NDArrayIndex.interval(1, positions.length + 1), NDArrayIndex.all()));
    }

    /** The rows for differences, which MPNet's case counts from the query to the key. */
    private static INDArray rows(PretrainedModel model, INDArray differences, IntUnaryOperator sign) {
        Residual layer = (Residual) model.lastHiddenState().layers().get(2);
        RelativePositions relative =
                Objects.requireNonNull(((SelfAttention) layer.layers().get(0)).relative());
        return Nd4j.createFromArray(Arrays.stream(differences.toIntVector())
                .map(sign)
                .map(relative::row)
                .toArray());
    }

    /** DeBERTa's case has them around 0; rows end at both ends of the table. */
    private static INDArray buckets(PretrainedModel model, INDArray differences) {
        Residual layer = (Residual) model.lastHiddenState().layers().get(2);
        RelativePositions relative =
                Objects.requireNonNull(((SelfAttention) layer.layers().get(0)).relative());
        long span = relative.table().shape()[0] / 2;
        return rows(model, differences, IntUnaryOperator.identity()).sub(span);
    }

    private static INDArray frequencies(PretrainedModel model) {
        Residual layer = (Residual) model.lastHiddenState().layers().get(1);
        RotaryEmbedding rotary = ((SelfAttention) layer.layers().get(1)).rotary();
        return Nd4j.createFromArray(Objects.requireNonNull(rotary).frequencies());
    }

    @ParameterizedTest
    @ValueSource(strings = {"decoder_llama3_rope", "decoder_llama_variants", "modernbert_forward", "gemma3_forward"})
    void readsTheConfigurationOfTransformers5(String name) throws Exception {
        GoldenCase golden = GoldenCase.of(name);
        String newer = Files.readString(golden.folder().resolve("config_v5.json"));
        PretrainedModel model = golden.model();
        SafeTensors tensors = SafeTensors.read(golden.folder().resolve("model.safetensors"));
        PretrainedModel same = PretrainedModel.of(ModelConfig.parse(newer), tensors, DataType.FLOAT);
        assertThat(same.config().maxLength()).isEqualTo(model.config().maxLength());
        Sequences input = golden.input();
        assertThat(same.lastHiddenState().predict(input))
                .isEqualTo(model.lastHiddenState().predict(input));
    }

    @ParameterizedTest
    @MethodSource("adapters")
    @Tag("slow")
    void computesEveryOutputWithAnAdapter(GoldenCase golden, @TempDir Path folder) throws Exception {
        for (String name : expected(golden)) {
            Matcher parts = OF_ADAPTER.matcher(name);
            assertThat(parts.matches()).as(name).isTrue();
            LoRAModel model = LoRAModel.of(network(golden, parts.group(1)));
            golden.assertOutput(name, output(golden, model, parts.group(2)));
        }
        LoRAModel model = LoRAModel.of(adapted(golden));
        AdapterView view = model.load("peft", golden.adapter(), OPTIONS);
        assertAdapts(golden, view);
        view.save(folder);
        assertThat(LoRAModel.of(adapted(golden)).load("again", folder).predict(golden.input()))
                .isEqualTo(view.predict(golden.input()));
        SafeTensors before = SafeTensors.read(golden.adapter().resolve("adapter_model.safetensors"));
        SafeTensors after = SafeTensors.read(folder.resolve("adapter_model.safetensors"));
        for (String tensor : before.names()) {
            if (!tensor.endsWith("base_layer.weight")) {
                assertThat(after.tensor(tensor)).as(tensor).isEqualTo(before.tensor(tensor));
            }
        }
    }

    /** The network that an adapter was made for. */
    private static Network adapted(GoldenCase golden) throws Exception {
        return network(golden, golden.io().names().contains("logits_base") ? "logits" : "last_hidden_state");
    }

    private static Network network(GoldenCase golden, String output) throws Exception {
        return switch (output) {
            case "logits" -> golden.head(DataType.FLOAT);
            case "mean_pooled" -> golden.model().meanPooled();
            default -> golden.model().lastHiddenState();
        };
    }

    private static INDArray output(GoldenCase golden, LoRAModel model, String state) throws Exception {
        Sequences input = golden.input();
        AdapterView view = model.load("peft", golden.adapter(), OPTIONS);
        INDArray rows = switch (state) {
            case "base" -> model.base().predict(input);
            case "adapter" -> view.predict(input);
            case "merged" -> model.merge("peft").predict(input);
            case "init" -> model.add("new", initial(view)).predict(input);
            default -> disabled(model, input);
        };
        return GoldenCase.padded(input, rows);
    }

    private static INDArray disabled(LoRAModel model, Sequences input) {
        try (LoRAModel.Scope scope = model.disable()) {
            assertThat(scope).isNotNull();
            return model.predict(input);
        }
    }

    /** PEFT lists the names of all classifiers there are; here a name must be one of the model's. */
    private static LoRAConfig initial(AdapterView view) {
        LoRAConfig config = view.adapter().config();
        return config.modulesToSave().contains("score")
                ? config.toBuilder().modulesToSave("classifier").build()
                : config;
    }

    /** The layers and the number of parameters that PEFT trains. */
    private static void assertAdapts(GoldenCase golden, AdapterView view) throws Exception {
        List<String> adapted = new ArrayList<>();
        golden.settings().path("adapted_modules").forEach(module -> adapted.add(module.asText()));
        List<String> layers = new ArrayList<>(view.adapter().weights().keySet());
        assertThat(layers).containsAll(adapted);
        // PEFT counts the factors of a tied head with those of the embedding.
        boolean tied = golden.name().equals("decoder_embedding_lora_tied_both");
        if (tied) {
            assertThat(layers.remove("lm_head")).isTrue();
        }
        assertThat(adapted).containsAll(layers);
        if (golden.settings().has("trainable_parameters") && !tied) {
            assertThat(view.parameters().stream()
                            .mapToLong(parameter -> parameter.value().length())
                            .sum())
                    .isEqualTo(golden.settings().path("trainable_parameters").asLong());
        }
    }

    /** Without ensure_weight_tying, nothing explains factors of a layer that the targets do not name. */
    @Test
    void refusesFactorsOfAHeadThatIsNoTarget(@TempDir Path folder) throws Exception {
        GoldenCase golden = GoldenCase.of("decoder_embedding_lora_tied_both");
        Files.write(
                folder.resolve("adapter_model.safetensors"),
                Files.readAllBytes(golden.adapter().resolve("adapter_model.safetensors")));
        String config = Files.readString(golden.adapter().resolve("adapter_config.json"));
        assertThat(config).contains("\"ensure_weight_tying\": true");
        Files.writeString(
                folder.resolve("adapter_config.json"),
                config.replace("\"ensure_weight_tying\": true", "\"ensure_weight_tying\": false"));
        LoRAModel model = LoRAModel.of(golden.causal());
        assertThatThrownBy(() -> model.load("peft", folder, OPTIONS))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("tensors are not expected")
                .hasMessageContaining("lm_head.lora_A");
    }

    @Test
    void computesABatchWithAnAdapterForEachRow() throws Exception {
        GoldenCase golden = GoldenCase.of("decoder_mixed");
        LoRAModel model = LoRAModel.of(golden.causal());
        model.load("first", golden.folder().resolve("first"), OPTIONS);
        model.load("second", golden.folder().resolve("second"), OPTIONS);
        Sequences input = golden.input();
        golden.assertOutput("logits_first", input.pad(model.using("first").predict(input)));
        golden.assertOutput("logits_second", input.pad(model.using("second").predict(input)));
        golden.assertOutput("logits_base", input.pad(model.base().predict(input)));
        List<String> names = new ArrayList<>();
        golden.settings().path("rows").forEach(row -> names.add(row.asText()));
        golden.assertOutput("logits", input.pad(model.predict(input, names)));
    }
}
