package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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

    private static Map<String, INDArray> tensors(String name) throws Exception {
        return new LinkedHashMap<>(SafeTensors.read(GoldenCase.of(name).folder().resolve("model.safetensors"))
                .tensors());
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

    /** A token sees itself and three before it; through the layers it learns of as many more in each. */
    @Test
    void aTokenSeesThoseOfItsWindow() throws Exception {
        Network all = GoldenCase.of("decoder_mistral").causal();
        Network network = ChangedModel.of("decoder_mistral", folder)
                .config("\"sliding_window\": null", "\"sliding_window\": 4")
                .load()
                .causal();
        Sequences four = Sequences.of(new int[] {1, 2, 3, 4});
        GoldenCase.assertClose("in the window", network.predict(four), all.predict(four), 1e-6);
        int[] text = {5, 2, 3, 4, 1, 2, 9, 8, 7, 6, 5, 4, 3};
        int[] other = text.clone();
        other[0] = 6;
        INDArray logits = network.predict(Sequences.of(text));
        INDArray changed = network.predict(Sequences.of(other));
        int layers = 2;
        for (int i = 0; i < text.length; i++) {
            assertThat(logits.getRow(i).equals(changed.getRow(i)))
                    .as("token %d", i)
                    .isEqualTo(i > 3 * layers);
        }
    }

    @Test
    void knowsTheLongestTextsOfModelTypes() throws Exception {
        String mistral =
                Files.readString(GoldenCase.of("decoder_mistral").folder().resolve("config.json"));
        assertThat(ModelConfig.parse(mistral).maxLength()).isEqualTo(64);
        String longer = mistral.replace("\"max_position_embeddings\": 64", "\"max_position_embeddings\": 9000");
        assertThat(ModelConfig.parse(longer).maxLength()).isEqualTo(9000);
        assertThat(ModelConfig.parse(longer.replace("\"sliding_window\"", "\"other\""))
                        .maxLength())
                .isEqualTo(9000);
        String linear = Files.readString(
                GoldenCase.of("decoder_llama_variants").folder().resolve("config.json"));
        assertThat(ModelConfig.parse(linear).maxLength()).isEqualTo(160);
    }

    @ParameterizedTest
    @EnumSource
    void shardsOfAnotherSourceAreReadAsThoseOfAFolder(Precision precision) throws Exception {
        BaseStorage storage = BaseStorage.of(precision);
        Path sharded = GoldenCase.of("decoder_sharded_bf16").folder();
        FilesInMemory memory = FilesInMemory.read(sharded);
        assertThat(PretrainedModel.load(memory, storage).causal().predict(INPUT))
                .isEqualTo(PretrainedModel.load(sharded, storage).causal().predict(INPUT));
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
}
