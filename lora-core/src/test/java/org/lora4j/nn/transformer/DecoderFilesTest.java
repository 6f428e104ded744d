package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Folders of decoders: written, and those that cannot be those of a model. */
class DecoderFilesTest {
    private static final Sequences INPUT = Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2});

    @TempDir
    private Path folder;

    private Path copy(String name) throws Exception {
        try (Stream<Path> files = Files.list(GoldenCase.of(name).folder())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.write(folder.resolve(file.getFileName()), Files.readAllBytes(file));
            }
        }
        return folder;
    }

    private void replace(String file, String from, String to) throws Exception {
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(folder.resolve(file), text.replace(from, to));
    }

    private static Map<String, INDArray> tensors(String name) throws Exception {
        return new LinkedHashMap<>(SafeTensors.read(GoldenCase.of(name).folder().resolve("model.safetensors"))
                .tensors());
    }

    private void write(Map<String, INDArray> tensors) throws Exception {
        SafeTensors.of(tensors, Map.of()).write(folder.resolve("model.safetensors"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"decoder_llama", "decoder_llama_variants", "decoder_qwen2", "decoder_qwen3", "decoder_mistral"})
    void savesALlamaThatItLoaded(String name) throws Exception {
        PretrainedModel model = PretrainedModel.load(GoldenCase.of(name).folder());
        Network network = model.causal();
        model.save(network, folder);
        Map<String, INDArray> before = tensors(name);
        SafeTensors after = SafeTensors.read(folder.resolve("model.safetensors"));
        assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.keySet());
        for (String tensor : before.keySet()) {
            assertThat(after.tensor(tensor)).as(tensor).isEqualTo(before.get(tensor));
        }
        PretrainedModel again = PretrainedModel.load(folder);
        assertThat(again.config()).isEqualTo(model.config());
        assertThat(again.causal().predict(INPUT)).isEqualTo(network.predict(INPUT));
    }

    @Test
    void savesAGpt2AsItWasStored() throws Exception {
        PretrainedModel model =
                PretrainedModel.load(GoldenCase.of("decoder_gpt2").folder());
        model.save(model.causal(), folder);
        Map<String, INDArray> before = tensors("decoder_gpt2");
        SafeTensors after = SafeTensors.read(folder.resolve("model.safetensors"));
        assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.keySet());
        for (String tensor : before.keySet()) {
            assertThat(after.tensor(tensor)).as(tensor).isEqualTo(before.get(tensor));
        }
        assertThat(PretrainedModel.load(folder).config()).isEqualTo(model.config());
        assertThat(Files.readString(folder.resolve("config.json"))).contains("GPT2LMHeadModel");
    }

    @Test
    void savesADecoderWithoutAHead() throws Exception {
        PretrainedModel model =
                PretrainedModel.load(GoldenCase.of("decoder_llama").folder());
        model.save(model.lastHiddenState(), folder);
        PretrainedModel again = PretrainedModel.load(folder);
        assertThat(SafeTensors.read(folder.resolve("model.safetensors")).names())
                .contains("layers.0.self_attn.q_proj.weight")
                .doesNotContain("lm_head.weight");
        assertThat(Files.readString(folder.resolve("config.json"))).contains("LlamaModel");
        assertThat(again.lastHiddenState().predict(INPUT))
                .isEqualTo(model.lastHiddenState().predict(INPUT));
        assertThatIllegalStateException()
                .isThrownBy(again::causal)
                .withMessage("causal: the file must have lm_head.weight, since tie_word_embeddings in config.json is"
                        + " false, found none");
    }

    @Test
    void savesAMergedHeadThatIsNoLongerTied() throws Exception {
        PretrainedModel llama =
                PretrainedModel.load(GoldenCase.of("decoder_qwen2").folder());
        LoRAModel model = LoRAModel.of(llama.causal());
        model.add("a", LoRAConfig.builder().targetModules("lm_head").build())
                .parameters()
                .forEach(parameter -> parameter.value().addi(0.1));
        llama.save(model.merge("a"), folder);
        PretrainedModel again = PretrainedModel.load(folder);
        assertThat(again.causal().linear("lm_head").isTied()).isFalse();
        GoldenCase.assertRelative(
                "merged", again.causal().predict(INPUT), model.using("a").predict(INPUT), 1e-5);
    }

    @Test
    void refusesToSaveAnotherNetwork() throws Exception {
        PretrainedModel llama =
                PretrainedModel.load(GoldenCase.of("decoder_llama").folder());
        Network other = GoldenCase.of("decoder_gpt2").causal();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> llama.save(other, folder))
                .withMessage("save: the network must be one of this model, found no parameter"
                        + " model.embed_tokens.weight");
    }

    @Test
    void keepsTheTypeOfDoubles() throws Exception {
        PretrainedModel llama =
                PretrainedModel.load(GoldenCase.of("decoder_llama").folder(), DataType.DOUBLE);
        llama.save(llama.causal(), folder);
        assertThat(Files.readString(folder.resolve("config.json"))).contains("\"torch_dtype\" : \"float64\"");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PretrainedModel.load(folder, DataType.INT32))
                .withMessage("the type of a model must be FLOAT or DOUBLE, found INT");
    }

    @ParameterizedTest
    @CsvSource({
        "'\"llama\"', '\"mixtral\"', 'model_type must be one of [bert, roberta, xlm-roberta, distilbert, electra, llama, mistral, qwen2, qwen3, gpt2], found ''mixtral'''",
        "'\"silu\"', '\"gelu\"', 'hidden_act must be one of [silu], found ''gelu'''",
        "'\"use_cache\": true', '\"quantization_config\": {\"bits\": 4}', 'quantization_config must be empty'",
        "'\"use_cache\": true', '\"num_local_experts\": 8', 'num_local_experts must be 0, as mixtures of experts'",
        "'\"rope_scaling\": null', '\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}',"
                + " 'rope_scaling.rope_type must be one of [default, linear, llama3], found ''yarn'''",
        "'\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 4}', 'found ''dynamic'''",
        "'\"rope_scaling\": null', '\"rope_parameters\": {\"rope_type\": \"longrope\"}', 'found ''longrope'''",
        "'\"rope_scaling\": null', '\"rope_scaling\": {\"factor\": 4}', 'rope_type must be one of'",
        "'\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"linear\"}', 'rope_scaling.factor must be a number'",
        "'\"use_cache\": true', '\"partial_rotary_factor\": 0.5', 'partial_rotary_factor must be 1, found 0.5'",
        "'\"num_key_value_heads\": 2', '\"num_key_value_heads\": 3', 'must divide num_attention_heads 4, found 3'",
        "'\"num_attention_heads\": 4', '\"num_attention_heads\": 5', 'num_attention_heads must divide hidden_size 32'",
        "'\"hidden_size\": 32', '\"hidden_size\": \"x\"', 'hidden_size must be an integer'",
        "'\"vocab_size\": 61', '\"vocab_size\": -61', 'vocab_size must be between 1 and'"
    })
    void refusesALlamaThatItDoesNotCompute(String from, String to, String message) throws Exception {
        copy("decoder_llama");
        replace("config.json", from, to);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PretrainedModel.load(folder))
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({
        "'\"gpt2\"', '\"gpt_neo\"', 'qwen2, qwen3, gpt2], found ''gpt_neo'''",
        "'\"gelu_new\"', '\"swish\"', 'activation_function must be one of'",
        "'\"scale_attn_weights\": true', '\"scale_attn_weights\": false', 'scale_attn_weights must be true'",
        "'inverse_layer_idx\": false', 'inverse_layer_idx\": true', 'scale_attn_by_inverse_layer_idx must be false'",
        "'\"n_head\": 4', '\"n_head\": 5', 'n_head must divide n_embd 32, found 5'"
    })
    void refusesAGpt2ThatItDoesNotCompute(String from, String to, String message) throws Exception {
        copy("decoder_gpt2");
        replace("config.json", from, to);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PretrainedModel.load(folder))
                .withMessageContaining(message);
    }

    @Test
    void refusesSequencesBeyondTheWindow() throws Exception {
        copy("decoder_mistral");
        replace("config.json", "\"sliding_window\": null", "\"sliding_window\": 4");
        Network network = PretrainedModel.load(folder).causal();
        network.predict(Sequences.of(new int[] {1, 2, 3, 4}));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.predict(Sequences.of(new int[] {1, 2, 3, 4, 5})))
                .withMessageContaining("a sequence must have at most 4 tokens");
    }

    @Test
    void knowsTheWindowsOfModelTypes() throws Exception {
        String mistral =
                Files.readString(GoldenCase.of("decoder_mistral").folder().resolve("config.json"));
        assertThat(ModelConfig.parse(mistral).maxLength()).isEqualTo(64);
        String longer = mistral.replace("\"max_position_embeddings\": 64", "\"max_position_embeddings\": 9000");
        assertThat(ModelConfig.parse(longer).maxLength()).isEqualTo(9000);
        assertThat(ModelConfig.parse(longer.replace("\"sliding_window\"", "\"other\""))
                        .maxLength())
                .isEqualTo(4096);
        String qwen = Files.readString(GoldenCase.of("decoder_qwen2").folder().resolve("config.json"));
        String windowed = qwen.replace("\"sliding_window\": null", "\"sliding_window\": 7");
        assertThat(ModelConfig.parse(windowed).maxLength()).isEqualTo(64);
        assertThat(ModelConfig.parse(windowed.replace("\"use_sliding_window\": false", "\"use_sliding_window\": true"))
                        .maxLength())
                .isEqualTo(7);
        String linear = Files.readString(
                GoldenCase.of("decoder_llama_variants").folder().resolve("config.json"));
        assertThat(ModelConfig.parse(linear).maxLength()).isEqualTo(160);
    }

    @Test
    void refusesATiedHeadThatDiffers() throws Exception {
        copy("decoder_llama_old");
        Map<String, INDArray> tensors = tensors("decoder_llama_old");
        tensors.put(
                "lm_head.weight",
                Objects.requireNonNull(tensors.get("lm_head.weight")).add(1));
        write(tensors);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PretrainedModel.load(folder))
                .withMessageContaining(
                        "tie_word_embeddings must be false if the file has an lm_head.weight of its own");
    }

    @Test
    void listsTensorsThatDoNotFit() throws Exception {
        copy("decoder_gpt2");
        Map<String, INDArray> tensors = tensors("decoder_gpt2");
        INDArray moved = Objects.requireNonNull(tensors.remove("transformer.h.1.attn.c_attn.bias"));
        tensors.put("transformer.h.2.attn.c_attn.bias", moved);
        String matrix = "transformer.h.0.mlp.c_fc.weight";
        tensors.put(
                matrix, Objects.requireNonNull(tensors.get(matrix)).transpose().dup('c'));
        write(tensors);
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining("missing 'h.1.attn.c_attn.bias'")
                .hasMessageContaining("left over 'transformer.h.2.attn.c_attn.bias'")
                .hasMessageContaining(matrix + " must be [32, 52], found [52, 32]");
    }

    @Test
    void refusesWeightsThatAreNotFinite() throws Exception {
        copy("decoder_llama");
        Map<String, INDArray> tensors = tensors("decoder_llama");
        tensors.put(
                "model.norm.weight",
                Objects.requireNonNull(tensors.get("model.norm.weight")).dup().putScalar(3, Float.NaN));
        write(tensors);
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining("tensor 'model.norm.weight': all elements must be finite numbers");
    }

    @Test
    void namesMissingShardsBeforeReadingAny() throws Exception {
        copy("decoder_sharded_bf16");
        Files.delete(folder.resolve("model-00002-of-00003.safetensors"));
        Files.write(folder.resolve("model-00001-of-00003.safetensors"), new byte[] {1, 2, 3});
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(IOException.class)
                .hasMessageEndingWith("all files that it names must be in the folder, found none of"
                        + " 'model-00002-of-00003.safetensors'");
    }

    @ParameterizedTest
    @EnumSource
    void shardsOfAnotherSourceAreReadAsThoseOfAFolder(Precision precision) throws Exception {
        BaseStorage storage = BaseStorage.of(precision);
        copy("decoder_sharded_bf16");
        FilesInMemory memory = FilesInMemory.read(folder);
        assertThat(PretrainedModel.load(memory, storage).causal().predict(INPUT))
                .isEqualTo(PretrainedModel.load(folder, storage).causal().predict(INPUT));
        String shard = "model-00002-of-00003.safetensors";
        byte[] whole = Objects.requireNonNull(memory.files().get(shard));
        memory.files().put(shard, Arrays.copyOf(whole, whole.length - 1));
        assertThatThrownBy(() -> PretrainedModel.load(memory, storage))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageStartingWith("memory/" + shard);
        memory.files().put(shard, Arrays.copyOf(whole, whole.length + 1));
        assertThatThrownBy(() -> PretrainedModel.load(memory, storage))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageStartingWith("memory/" + shard);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../model-00003-of-00003.safetensors", "a/b.safetensors", "C:x.safetensors", "x.bin", ""})
    void refusesNamesOfShardsElsewhere(String name) throws Exception {
        copy("decoder_sharded_bf16");
        replace("model.safetensors.index.json", "model-00003-of-00003.safetensors", name);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PretrainedModel.load(folder))
                .withMessageContaining("each file must be the name of a .safetensors file in the same folder, found ");
    }

    @Test
    void refusesShardsWithOtherTensorsThanTheIndexSays() throws Exception {
        copy("decoder_sharded_bf16");
        replace(
                "model.safetensors.index.json",
                "\"lm_head.weight\": \"model-00003-of-00003.safetensors\"",
                "\"lm_head.weight\": \"model-00001-of-00003.safetensors\"");
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining("must be those that model.safetensors.index.json names for this file")
                .hasMessageContaining("'lm_head.weight'");
    }

    @Test
    void refusesAnIndexWithoutAMap() throws Exception {
        copy("decoder_sharded_bf16");
        for (String text : List.of("{}", "[]", "{\"weight_map\": []}", "{\"weight_map\": {}}")) {
            Files.writeString(folder.resolve("model.safetensors.index.json"), text);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PretrainedModel.load(folder))
                    .withMessageContaining("must have a weight_map from tensors to files, found none");
        }
    }

    @Test
    void saysHowToConvertOtherFiles() throws Exception {
        copy("decoder_llama");
        Files.move(folder.resolve("model.safetensors"), folder.resolve("pytorch_model.bin"));
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("found pytorch_model.bin; load the model in Python");
        Files.delete(folder.resolve("pytorch_model.bin"));
        assertThatThrownBy(() -> PretrainedModel.load(folder))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("found neither");
    }
}
