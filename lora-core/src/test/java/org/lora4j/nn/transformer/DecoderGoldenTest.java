package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Outputs of decoders that PyTorch computed. */
@Tag("numbers")
class DecoderGoldenTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "decoder_llama",
                "decoder_llama3_rope",
                "decoder_llama_variants",
                "decoder_mistral",
                "decoder_qwen2",
                "decoder_qwen3",
                "decoder_gpt2",
                "decoder_gpt2_old",
                "decoder_llama_old",
                "decoder_sharded_bf16"
            })
    void computesForward(String name) throws Exception {
        DecoderCase golden = DecoderCase.of(name);
        Network network = golden.causal();
        assertThat(network.taskType()).contains("CAUSAL_LM");
        Sequences input = golden.input();
        golden.assertOutput("logits", input, network.predict(input));
        Network decoder = golden.lastHiddenState();
        assertThat(decoder.taskType()).contains("FEATURE_EXTRACTION");
        golden.assertOutput("last_hidden_state", input, decoder.predict(input));
        List<Layer> layers = decoder.layers();
        // GPT-2 has a dropout behind the embeddings.
        int first = golden.isGpt2() ? 2 : 1;
        golden.assertOutput("hidden_after_embedding", input, new Network(layers.subList(0, first)).predict(input));
        golden.assertOutput("hidden_after_layer_0", input, new Network(layers.subList(0, first + 2)).predict(input));
        assertPacked(golden, network);
        assertFar(golden, network);
        if (!golden.isGpt2()) {
            // Only the differences of positions count.
            Sequences left = golden.input("left_");
            golden.assertOutput("left_logits", left, network.predict(left));
            Residual layer = (Residual) layers.get(first);
            RotaryEmbedding rotary = ((SelfAttention) layer.layers().get(1)).rotary();
            assertThat(Objects.requireNonNull(rotary).frequencies())
                    .containsExactly(golden.io().tensor("inv_freq").toDoubleVector(), within(1e-6));
        }
    }

    private static void assertPacked(DecoderCase golden, Network network) throws Exception {
        int[][] ids = DecoderCase.segments(
                golden.io().tensor("packed_input_ids").toIntMatrix()[0],
                golden.io().tensor("packed_segment_ids").toIntMatrix()[0]);
        assertThat(ids.length).isEqualTo(3);
        INDArray expected = DecoderCase.rows(golden.io().tensor("packed_logits"));
        DecoderCase.assertClose("packed_logits", network.predict(Sequences.of(ids)), expected, 1e-5);
    }

    /** Tokens between those of the case are masked, so that these stand where they should. */
    private static void assertFar(DecoderCase golden, Network network) throws Exception {
        int[] positions = golden.io().tensor("far_position_ids").toIntMatrix()[0];
        int[] ids = golden.io().tensor("input_ids").toIntMatrix()[0];
        int[][] far = new int[1][64];
        int[][] mask = new int[1][64];
        for (int i = 0; i < positions.length; i++) {
            far[0][positions[i]] = ids[i];
            mask[0][positions[i]] = 1;
        }
        INDArray logits = network.predict(Sequences.of(far, mask, null));
        // The first token is masked and has a row.
        assertThat(logits.size(0)).isEqualTo(positions.length + 1);
        INDArray real = logits.get(NDArrayIndex.interval(1, positions.length + 1), NDArrayIndex.all());
        DecoderCase.assertClose("far_logits", real, DecoderCase.rows(golden.io().tensor("far_logits")), 1e-5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"decoder_llama3_rope", "decoder_llama_variants"})
    void readsTheConfigurationOfTransformers5(String name) throws Exception {
        DecoderCase golden = DecoderCase.of(name);
        String newer = Files.readString(golden.folder().resolve("config_v5.json"));
        PretrainedModel model = PretrainedModel.load(golden.folder());
        SafeTensors tensors = SafeTensors.read(golden.folder().resolve("model.safetensors"));
        PretrainedModel same = PretrainedModel.of(ModelConfig.parse(newer), tensors, DataType.FLOAT);
        assertThat(same.config().maxLength()).isEqualTo(model.config().maxLength());
        Sequences input = golden.input();
        assertThat(same.causal().predict(input)).isEqualTo(model.causal().predict(input));
    }
}
