package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.refused;
import static org.lora4j.Refusals.table;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Folders of all families that cannot be those of a model, or are of one that is not computed. */
class RefusedModelsTest {
    private static final String WORDS = "embeddings.word_embeddings.weight";
    private static final String WEIGHTS = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String SHARDED = "decoder_sharded_bf16";

    @TempDir
    private Path folder;

    private ChangedModel copy(String name) throws Exception {
        return ChangedModel.of(name, folder);
    }

    @ParameterizedTest
    @CsvSource({
        "encoder_forward, '\"gelu\"', '\"silu\"', 'hidden_act must be one of [gelu, gelu_new, gelu_pytorch_tanh, relu], found ''silu'''",
        "encoder_forward, '\"bert\"', '\"gpt3\"', 'model_type must be one of [bert, roberta, '",
        "encoder_forward, '\"absolute\"', '\"relative_key\"', 'position_embedding_type must be absolute, found ''relative_key'''",
        "encoder_forward, '\"use_cache\"', '\"add_cross_attention\"', 'add_cross_attention must be false, found true'",
        "encoder_forward, '\"num_attention_heads\": 3', '\"num_attention_heads\": 5', 'must divide hidden_size 24, found 5'",
        "encoder_forward, '\"hidden_size\": 24', '\"hidden_size\": \"x\"', 'hidden_size must be an integer'",
        "decoder_llama, '\"llama\"', '\"mixtral\"', 'gpt2], found ''mixtral'''",
        "decoder_llama, '\"silu\"', '\"gelu\"', 'hidden_act must be one of [silu], found ''gelu'''",
        "decoder_llama, '\"use_cache\": true', '\"quantization_config\": {\"bits\": 4}', 'quantization_config must be empty'",
        "decoder_llama, '\"use_cache\": true', '\"num_local_experts\": 8', 'num_local_experts must be 0, as mixtures of experts'",
        "decoder_llama, '\"rope_scaling\": null', '\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}',"
                + " 'rope_scaling.rope_type must be one of [default, linear, llama3, longrope], found ''yarn'''",
        "decoder_llama, '\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 4}', 'found ''dynamic'''",
        "decoder_llama, '\"rope_scaling\": null', '\"rope_parameters\": {\"rope_type\": \"longrope\"}', 'rope_parameters.short_factor must be a list of 4 positive numbers, found none'",
        "decoder_llama, '\"rope_scaling\": null', '\"rope_scaling\": {\"factor\": 4}', 'rope_type must be one of'",
        "decoder_llama, '\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"linear\"}', 'rope_scaling.factor must be a number'",
        "decoder_llama, '\"use_cache\": true', '\"partial_rotary_factor\": 0.5', 'partial_rotary_factor must be 1, found 0.5'",
        "decoder_llama, '\"num_key_value_heads\": 2', '\"num_key_value_heads\": 3', 'must divide num_attention_heads 4, found 3'",
        "decoder_llama, '\"num_attention_heads\": 4', '\"num_attention_heads\": 5', 'num_attention_heads must divide hidden_size 32'",
        "decoder_llama, '\"hidden_size\": 32', '\"hidden_size\": \"x\"', 'hidden_size must be an integer'",
        "decoder_llama, '\"vocab_size\": 61', '\"vocab_size\": -61', 'vocab_size must be between 1 and'",
        "decoder_gpt2, '\"gpt2\"', '\"gpt_neo\"', 'gemma2, gemma3_text, gpt2], found ''gpt_neo'''",
        "decoder_gpt2, '\"gelu_new\"', '\"swish\"', 'activation_function must be one of'",
        "decoder_gpt2, '\"scale_attn_weights\": true', '\"scale_attn_weights\": false', 'scale_attn_weights must be true'",
        "decoder_gpt2, 'inverse_layer_idx\": false', 'inverse_layer_idx\": true', 'scale_attn_by_inverse_layer_idx must be false'",
        "decoder_gpt2, '\"n_head\": 4', '\"n_head\": 5', 'n_head must divide n_embd 32, found 5'",
        "distilbert_forward, '\"gelu\"', '\"silu\"', 'activation must be one of [gelu, gelu_new, gelu_pytorch_tanh, relu], found ''silu'''",
        "distilbert_forward, '\"n_heads\": 2', '\"n_heads\": 3', 'n_heads must divide dim 16, found 3'",
        "electra_forward, '\"gelu\",', '\"silu\",', 'hidden_act must be one of [gelu, gelu_new, gelu_pytorch_tanh, relu], found ''silu'''",
        "modernbert_forward, '\"hidden_activation\": \"gelu\"', '\"hidden_activation\": \"tanh\"',"
                + " 'hidden_activation must be one of [gelu, gelu_new, gelu_pytorch_tanh, relu, silu, swish], found ''tanh'''",
        "modernbert_forward, 'classifier_activation\": \"gelu\"', 'classifier_activation\": \"silu\"',"
                + " 'classifier_activation must be one of [gelu, gelu_new, gelu_pytorch_tanh, relu], found ''silu'''",
        "gte_forward, '\"gelu\"', '\"tanh\"', 'hidden_act must be one of'",
        "modernbert_forward, 'pooling\": \"mean\"', 'pooling\": \"max\"', 'classifier_pooling must be one of [cls, mean]'",
        "modernbert_forward, '\"layer_norm_eps\"', '\"layer_types\": [\"full_attention\"], \"layer_norm_eps\"',"
                + " 'layer_types must have a type for each of the 4 layers, found 1'",
        "modernbert_forward, '\"layer_norm_eps\"', '\"rope_scaling\": {\"type\": \"yarn\"}, \"layer_norm_eps\"',"
                + " 'rope_scaling must be empty'",
        "modernbert_forward, '\"layer_norm_eps\"', '\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"yarn\"}}, \"layer_norm_eps\"',"
                + " 'rope_parameters.full_attention.rope_type must be default, found ''yarn'''",
        "gte_forward, '\"rope\"', '\"absolute\"', 'position_embedding_type must be rope, found ''absolute'''",
        "gte_forward, '\"layer_norm\"', '\"rms_norm\"', 'layer_norm_type must be layer_norm, found ''rms_norm'''",
        "gte_forward, '\"logn_attention_scale\": false', '\"logn_attention_scale\": true', 'logn_attention_scale must be false'",
        "gte_forward, '\"pack_qkv\": true', '\"pack_qkv\": false', 'pack_qkv must be true, found false'",
        "gte_forward, '\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2}',"
                + " 'rope_scaling.type must be one of [ntk], found ''dynamic'''",
        "gte_forward, '\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"ntk\", \"factor\": 2, \"mixed_b\": 0.5}',"
                + " 'rope_scaling.mixed_b must be empty'",
        "nomic_forward, '\"swiglu\"', '\"glu\"', 'activation_function must be one of [swiglu, geglu], found ''glu'''",
        "nomic_forward, '\"prenorm\": false', '\"prenorm\": true', 'prenorm must be false, found true'",
        "nomic_forward, '\"parallel_block\": false', '\"parallel_block\": true', 'parallel_block must be false'",
        "nomic_forward, '\"use_rms_norm\": false', '\"use_rms_norm\": true', 'use_rms_norm must be false'",
        "nomic_forward, '\"causal\": false', '\"causal\": true', 'causal must be false'",
        "nomic_forward, 'interleaved\": false', 'interleaved\": true', 'rotary_emb_interleaved must be false'",
        "nomic_forward, '\"rotary_emb_scale_base\": null', '\"rotary_emb_scale_base\": 512', 'rotary_emb_scale_base must be empty'",
        "nomic_forward, 'fraction\": 1.0', 'fraction\": 1.5', 'rotary_emb_fraction must be above 0 and at most 1, as positions'",
        "nomic_forward, 'fraction\": 1.0', 'fractions\": 1.0', 'rotary_emb_fraction must be above 0 and at most 1'",
        "nomic_forward, '\"use_cache\"', '\"num_experts\": 8, \"use_cache\"', 'num_experts must be 0, as mixtures of experts'",
        "smollm3_forward, 'no_rope_layers\": [', 'no_rope_layers\": [1, 1], \"others\": [',"
                + " 'no_rope_layers must have a number for each of the 4 layers, found 2'",
        "mpnet_forward, 'num_buckets\": 32', 'num_buckets\": 64', 'relative_attention_num_buckets must be 32, with which'",
        "mpnet_forward, '\"gelu\"', '\"silu\"', 'hidden_act must be one of [gelu, gelu_new, gelu_pytorch_tanh, relu], found ''silu'''",
        "mpnet_forward, 'embeddings\": 40', 'embeddings\": 2', 'max_position_embeddings more than 2, found 41 and 2'",
        "deberta_forward, '\"hidden_act\"', '\"conv_kernel_size\": 3, \"hidden_act\"',"
                + " 'conv_kernel_size must be 0, as a convolution is not supported, found 3'",
        "deberta_forward, 'p2c|c2p', 'p2c|p2p', 'pos_att_type must be one of [c2p, p2c], found ''p2p'''",
        "deberta_forward, '\"deberta-v2\"', '\"deberta\"', 'model_type must be one of [bert,'",
        "deberta_forward, '\"norm_rel_ebd\": \"layer_norm\"', '\"norm_rel_ebd\": \"rms\"',"
                + " 'norm_rel_ebd must be one of [none, layer_norm], found ''rms'''",
        "deberta_forward, 'position_buckets\": 8', 'position_buckets\": 200',"
                + " 'position_buckets must be at least 2 and less than twice max_relative_positions, found 200 and 64'",
        "deberta_forward, 'pooler_hidden_size\": 16', 'pooler_hidden_size\": 8', 'pooler_hidden_size must be hidden_size 16, found 8'",
        "phi3_forward, '\"silu\"', '\"gelu\"', 'hidden_act must be one of [silu], found ''gelu'''",
        "phi3_forward, '\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"yarn\"}',"
                + " 'rope_scaling.rope_type must be one of [default, longrope, su], found ''yarn'''",
        "phi3_forward, '\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1, 2, 3]}',"
                + " 'rope_scaling.short_factor must be a list of 2 positive numbers, found 3'",
        "phi3_forward, '\"rope_scaling\": null', '\"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1, -2]}',"
                + " 'rope_scaling.short_factor must be a list of positive numbers'",
        "phi3_forward, '\"rope_scaling\": null', '\"partial_rotary_factor\": 1.5',"
                + " 'partial_rotary_factor must be above 0 and at most 1, found 1.5'",
        "gemma2_forward, '\"hidden_activation\": \"gelu_pytorch_tanh\"', '\"hidden_activation\": \"relu\"',"
                + " 'hidden_activation must be one of [gelu_pytorch_tanh, gelu], found ''relu'''",
        "gemma2_forward, 'softcapping\": 2.0', 'softcapping\": 0', 'attn_logit_softcapping must be positive, found 0'",
        "gemma3_forward, 'attn_scalar\": 12', 'attn_scalar\": 0', 'query_pre_attn_scalar must be positive, found 0'",
        "gemma3_forward, '\"rope_scaling\": null', '\"rope_scaling\": {\"rope_type\": \"yarn\"}',"
                + " 'rope_scaling.rope_type must be one of [default, linear, llama3, longrope], found ''yarn'''",
        "gemma3_forward, '\"rope_scaling\": null', '\"layer_types\": [\"chunked_attention\", \"full_attention\", \"full_attention\"]',"
                + " 'layer_types must be one of [full_attention, sliding_attention], found ''chunked_attention'''",
        "smollm3_forward, 'no_rope_layers\": [', 'no_rope_layers\": [true,', 'no_rope_layers must be a list of integers'"
    })
    void refusesAModelThatItDoesNotCompute(String name, String from, String to, String message) throws Exception {
        ChangedModel model = copy(name).config(from, to);
        assertThatIllegalArgumentException().isThrownBy(model::load).withMessageContaining(message);
    }

    @Test
    void refusesAWindowOfLayersWithoutARotation() throws Exception {
        ChangedModel model = copy("smollm3_forward")
                .config("\"use_sliding_window\": false", "\"use_sliding_window\": true")
                .config("\"sliding_window\": null", "\"sliding_window\": 4");
        assertThatIllegalArgumentException()
                .isThrownBy(model::load)
                .withMessageContaining("sliding_window must be null, as layers without a rotation");
    }

    /** The same change of one tensor. */
    private static INDArray changed(Map<String, INDArray> tensors, String name, int element, float value) {
        return requireNonNull(tensors.get(name)).dup().putScalar(element, value);
    }

    @TestFactory
    List<DynamicTest> refusesTensorsThatDoNotFit() throws Exception {
        String bias = "attn.c_attn.bias";
        String matrix = "transformer.h.0.mlp.c_fc.weight";
        String output = "encoder.layer.1.output.dense";
        return table(
                argument(copy("decoder_llama_old")
                                .tensors(all -> all.put("lm_head.weight", changed(all, "lm_head.weight", 0, 9)))::load)
                        .contains("tie_word_embeddings must be false if the file has an lm_head.weight of its own"),
                refused(SafeTensorsException.class, copy("decoder_gpt2").tensors(all -> {
                            all.put("transformer.h.2." + bias, requireNonNull(all.remove("transformer.h.1." + bias)));
                            all.put(
                                    matrix,
                                    requireNonNull(all.get(matrix)).transpose().dup('c'));
                        })::load)
                        .contains(
                                "missing 'h.1.attn.c_attn.bias'",
                                "left over 'transformer.h.2.attn.c_attn.bias'",
                                matrix + " must be [32, 52], found [52, 32]"),
                refused(SafeTensorsException.class, copy("encoder_forward").tensors(all -> {
                            for (String end : new String[] {".weight", ".bias"}) {
                                INDArray tensor = requireNonNull(all.remove(output + end));
                                all.put("encoder.layer.9.output.dense" + end, tensor);
                            }
                        })::load)
                        .contains("missing '" + output + ".weight'", "left over 'encoder.layer.9.output.dense.bias'"),
                refused(
                                SafeTensorsException.class,
                                copy("encoder_forward")
                                        .tensors(all -> all.put("bert." + WORDS, changed(all, WORDS, 0, 9)))::load)
                        .contains("two tensors for one parameter, ", "'bert." + WORDS + "'", "'" + WORDS + "'"),
                refused(
                                SafeTensorsException.class,
                                copy("encoder_forward")
                                        .tensors(all -> all.put(WORDS, changed(all, WORDS, 30, Float.NaN)))::load)
                        .contains(
                                "tensor '" + WORDS + "': all elements must be finite numbers, found NaN at element 30"),
                refused(
                                SafeTensorsException.class,
                                copy("decoder_llama")
                                                .tensors(all -> all.put(
                                                        "model.norm.weight",
                                                        changed(all, "model.norm.weight", 3, Float.NaN)))::load)
                        .contains("tensor 'model.norm.weight': all elements must be finite numbers"));
    }

    @Test
    void refusesToSaveWeightsThatAreNotFinite() throws Exception {
        PretrainedModel model = GoldenCase.of("encoder_forward").model();
        Network network = model.pooled();
        network.linear("pooler.dense").weight().putScalar(1, Float.POSITIVE_INFINITY);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.save(network, folder.resolve("again")))
                .withMessageContaining("tensor 'pooler.dense.weight': all elements must be finite numbers");
    }

    @TestFactory
    List<DynamicTest> refusesFilesThatItCannotRead() throws Exception {
        ChangedModel longText = copy("encoder_forward").write("config.json", new byte[1_000_001]);
        ChangedModel binary = copy("encoder_forward").write("config.json", new byte[] {'{', (byte) 0xff, '}'});
        return table(
                refused(IOException.class, copy("decoder_llama").rename(WEIGHTS, "pytorch_model.bin")::load)
                        .contains("found pytorch_model.bin; load the model in Python"),
                refused(IOException.class, copy("encoder_forward").rename(WEIGHTS, "pytorch_model.bin")::load)
                        .contains("must be in model.safetensors, or in several files with model.safetensors.index.json,"
                                + " found pytorch_model.bin"),
                refused(NoSuchFileException.class, copy("decoder_llama").delete(WEIGHTS)::load)
                        .contains("found neither"),
                argument(longText::load)
                        .says(longText.file("config.json") + ": must have at most 1000000 bytes, found more"),
                argument(binary::load).says(binary.file("config.json") + ": must be text in UTF-8, found other bytes"));
    }

    private ChangedModel index(String text) throws Exception {
        return copy(SHARDED).write(INDEX, text.getBytes(StandardCharsets.UTF_8));
    }

    private ChangedModel shard(String name) throws Exception {
        return copy(SHARDED).replace(INDEX, "model-00003-of-00003.safetensors", name);
    }

    @TestFactory
    List<DynamicTest> refusesShardsThatDoNotFit() throws Exception {
        String elsewhere = "each file must be the name of a .safetensors file in the same folder, found ";
        String noMap = "must have a weight_map from tensors to files, found none";
        return table(
                // Before any is read.
                refused(
                                IOException.class,
                                copy(SHARDED)
                                        .delete("model-00002-of-00003.safetensors")
                                        .write("model-00001-of-00003.safetensors", new byte[] {1, 2, 3})::load)
                        .ends("all files that it names must be in the folder, found none of"
                                + " 'model-00002-of-00003.safetensors'"),
                refused(
                                SafeTensorsException.class,
                                copy(SHARDED)
                                        .replace(
                                                INDEX,
                                                "\"lm_head.weight\": \"model-00003-of-00003.safetensors\"",
                                                "\"lm_head.weight\": \"model-00001-of-00003.safetensors\"")::load)
                        .contains(
                                "must be those that model.safetensors.index.json names for this file",
                                "'lm_head.weight'"),
                argument(shard("../model-00003-of-00003.safetensors")::load).contains(elsewhere),
                argument(shard("a/b.safetensors")::load).contains(elsewhere),
                argument(shard("C:x.safetensors")::load).contains(elsewhere),
                argument(shard("x.bin")::load).contains(elsewhere),
                argument(shard("")::load).contains(elsewhere),
                argument(index("{}")::load).contains(noMap),
                argument(index("[]")::load).contains(noMap),
                argument(index("{\"weight_map\": []}")::load).contains(noMap),
                argument(index("{\"weight_map\": {}}")::load).contains(noMap));
    }
}
