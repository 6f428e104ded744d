package org.lora4j.io.gguf.internal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.gguf.model.GgufException;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The {@code config.json} of transformers that says what the keys and the tensors of a GGUF file say. Some fields have no key: the
 * architecture and the tensors tell them.
 */
final class GgufConfig {
    private static final String ARCHITECTURE = "general.architecture";
    private static final String TYPE = "general.type";
    private static final String MODEL = "model";
    private static final String TABLE = "token_embd.weight";
    private static final String HEAD = "output.weight";

    /** By which llama.cpp divides the frequencies of the rotation. No key says so. */
    static final String FREQUENCIES = "rope_freqs.weight";

    private static final String SCALING = "rope.scaling.type";
    private static final String LINEAR = "linear";
    private static final String WINDOW = "attention.sliding_window";
    private static final double BASE = 10_000;

    /** Which layers of Gemma see all: each second one of Gemma 2, and each sixth one of Gemma 3. */
    private static final int GEMMA2_PATTERN = 2;

    private static final int GEMMA3_PATTERN = 6;

    /** The layers of the one Gemma 2 and the one Gemma 3, with 27 thousand million weights, that scale their attention otherwise. */
    private static final int LAYERS_OF_GEMMA2_27B = 46;

    private static final int LAYERS_OF_GEMMA3_27B = 62;

    private final GgufReader reader;
    private final GgufKeys keys;
    private final GgufArchitecture architecture;
    private final ObjectNode json = StrictJson.MAPPER.createObjectNode();

    private GgufConfig(GgufReader reader, GgufArchitecture architecture) {
        this.reader = reader;
        this.architecture = architecture;
        keys = reader.keys();
    }

    /**
     * Returns the architecture of a file.
     *
     * @throws GgufException if the file does not name one, or one that this library does not compute
     */
    static GgufArchitecture architecture(GgufKeys keys) throws GgufException {
        String type = keys.text(TYPE).orElse(MODEL);
        if (!type.equals(MODEL)) {
            throw keys.refuse(
                    TYPE,
                    "must be " + MessageText.quote(MODEL) + " where a model is read",
                    MessageText.quote(type) + "; use the file in place of an adapter's folder if it is one");
        }
        String name = keys.text(ARCHITECTURE)
                .orElseThrow(() -> keys.refuse(ARCHITECTURE, "must name the architecture of a model", "no such key"));
        return GgufArchitecture.of(name)
                .orElseThrow(() -> keys.refuse(
                        ARCHITECTURE,
                        "must be one that this library computes: "
                                + String.join(
                                        ", ",
                                        Arrays.stream(GgufArchitecture.values())
                                                .map(GgufArchitecture::ggufName)
                                                .toList()),
                        MessageText.quote(name)));
    }

    /**
     * Returns the configuration.
     *
     * @throws GgufException if a key is missing, or says what this library does not compute
     */
    static ObjectNode read(GgufReader reader) throws IOException {
        GgufConfig config = new GgufConfig(reader, architecture(reader.keys()));
        config.write();
        return config.json;
    }

    private void write() throws IOException {
        json.put("model_type", architecture.modelType());
        json.put("vocab_size", rows(TABLE));
        json.put("tie_word_embeddings", !reader.names().contains(HEAD));
        token("bos_token_id", "tokenizer.ggml.bos_token_id");
        token("pad_token_id", "tokenizer.ggml.padding_token_id");
        token("eos_token_id", "tokenizer.ggml.eos_token_id");
        switch (architecture) {
            case LLAMA, QWEN2, QWEN3, SMOLLM3, PHI3 -> decoder();
            case GEMMA2 -> gemma2();
            case GEMMA3, GEMMA_EMBEDDING -> gemma3();
            case GPT2 -> gpt2();
            case BERT -> bert();
            case NOMIC_BERT -> nomic();
            case MODERN_BERT -> modern();
        }
    }

    private String key(String name) {
        return architecture.ggufName() + "." + name;
    }

    private long rows(String tensor) throws GgufException {
        if (!reader.names().contains(tensor) || reader.shape(tensor).length != 2) {
            throw new GgufException(keys.file(), "tensors", "there must be a matrix " + tensor, "none");
        }
        return reader.shape(tensor)[0];
    }

    private void token(String field, String key) throws GgufException {
        OptionalLong id = keys.whole(key);
        if (id.isPresent()) {
            if (id.getAsLong() < 0 || id.getAsLong() >= json.get("vocab_size").longValue()) {
                throw keys.refuse(key, "must be one of the " + json.get("vocab_size") + " tokens", id.getAsLong());
            }
            json.put(field, id.getAsLong());
        }
    }

    private long whole(String name) throws GgufException {
        return keys.whole(key(name)).orElseThrow(() -> keys.refuse(key(name), "must be a whole number", "no such key"));
    }

    private void whole(String field, String name) throws GgufException {
        json.put(field, whole(name));
    }

    private double number(String name) throws GgufException {
        return keys.number(key(name)).orElseThrow(() -> keys.refuse(key(name), "must be a number", "no such key"));
    }

    /** The shortest number that is the same in single precision, as configurations have it. */
    private static double shortest(double single) {
        return Double.parseDouble(Float.toString((float) single));
    }

    private void number(String field, String name) throws GgufException {
        json.put(field, shortest(number(name)));
    }

    private void numberOr(String field, String name, double otherwise) throws GgufException {
        OptionalDouble found = keys.number(key(name));
        json.put(field, found.isPresent() ? shortest(found.getAsDouble()) : otherwise);
    }

    private void decoder() throws IOException {
        whole("max_position_embeddings", "context_length");
        whole("hidden_size", "embedding_length");
        whole("num_hidden_layers", "block_count");
        whole("intermediate_size", "feed_forward_length");
        long heads = whole("attention.head_count");
        json.put("num_attention_heads", heads);
        json.put("num_key_value_heads", keyValueHeads(keys, architecture, heads));
        number("rms_norm_eps", "attention.layer_norm_rms_epsilon");
        headSize(heads);
        if (architecture.hasPairs()) {
            json.put("attention_bias", reader.names().contains("blk.0.attn_q.bias"));
        }
        slidingWindow();
        numberOr("rope_theta", "rope.freq_base", BASE);
        scaling();
    }

    /** The converter of llama.cpp writes 0 for a model of Phi-3 without a window. */
    private void slidingWindow() throws GgufException {
        if (architecture == GgufArchitecture.PHI3 && keys.has(key(WINDOW)) && whole(WINDOW) != 0) {
            whole("sliding_window", WINDOW);
        }
    }

    /**
     * Returns the number of heads of keys and values.
     *
     * @param heads that of the queries, which it is without a key
     * @throws GgufException if it differs by layer
     */
    static long keyValueHeads(GgufKeys keys, GgufArchitecture architecture, long heads) throws GgufException {
        String key = architecture.ggufName() + ".attention.head_count_kv";
        if (!keys.isArray(key)) {
            return keys.whole(key).orElse(heads);
        }
        long[] each = keys.wholes(key).orElseThrow();
        if (Arrays.stream(each).distinct().count() != 1) {
            throw keys.refuse(key, "must be the same in all layers", Arrays.toString(each));
        }
        return each[0];
    }

    private void headSize(long heads) throws GgufException {
        OptionalLong size = keys.whole(key("attention.key_length"));
        OptionalLong ofValues = keys.whole(key("attention.value_length"));
        if (ofValues.isPresent() && size.isPresent() && ofValues.getAsLong() != size.getAsLong()) {
            throw keys.refuse(
                    key("attention.value_length"),
                    "must be that of the keys, " + size.getAsLong(),
                    ofValues.getAsLong());
        }
        if (heads < 1) {
            throw keys.refuse(key("attention.head_count"), "must be at least 1", heads);
        }
        long width = size.orElse(json.get("hidden_size").longValue() / heads);
        json.put("head_dim", width);
        long turned = keys.whole(key("rope.dimension_count")).orElse(width);
        if (turned != width) {
            if (architecture != GgufArchitecture.PHI3) {
                throw keys.refuse(key("rope.dimension_count"), "must be the size of a head, " + width, turned);
            }
            json.put("partial_rotary_factor", (double) turned / width);
        }
    }

    private void scaling() throws IOException {
        for (String tensor : List.of("rope_factors_long.weight", "rope_factors_short.weight")) {
            if (reader.names().contains(tensor)) {
                throw new GgufException(
                        keys.file(),
                        "tensors",
                        "there must be no factors of the rotation for long texts, which this library does not compute from"
                                + " a GGUF file",
                        tensor);
            }
        }
        // Without a type, llama.cpp scales as linear. Old files have the factor under another key.
        String type = keys.text(key(SCALING)).orElse(LINEAR);
        OptionalDouble given = keys.number(key("rope.scaling.factor"));
        OptionalDouble factor = given.isPresent() ? given : keys.number(key("rope.scale_linear"));
        ObjectNode scaling = StrictJson.MAPPER.createObjectNode();
        if (!type.equals("none") && !type.equals(LINEAR)) {
            throw keys.refuse(key(SCALING), "must be none or " + LINEAR, MessageText.quote(type));
        }
        if (type.equals(LINEAR) && factor.isPresent() && factor.getAsDouble() != 0) {
            scaling.put("rope_type", LINEAR).put("factor", factor.getAsDouble());
        }
        if (reader.names().contains(FREQUENCIES)) {
            if (!scaling.isEmpty()) {
                throw keys.refuse(key(SCALING), "must be none beside " + FREQUENCIES, MessageText.quote(type));
            }
            scaling.put("rope_type", "longrope").put("attention_factor", 1.0);
            scaling.set("short_factor", frequencies());
            scaling.set("long_factor", scaling.get("short_factor"));
            scaling.put(
                    "original_max_position_embeddings",
                    json.get("max_position_embeddings").longValue());
        }
        if (!scaling.isEmpty()) {
            json.set("rope_scaling", scaling);
        }
    }

    private ArrayNode frequencies() throws IOException {
        ArrayNode factors = StrictJson.MAPPER.createArrayNode();
        try (INDArray read = reader.tensor(FREQUENCIES)) {
            for (float factor : read.ravel().toFloatVector()) {
                factors.add(factor);
            }
        }
        return factors;
    }

    private void gemma2() throws IOException {
        gemma(GEMMA2_PATTERN, LAYERS_OF_GEMMA2_27B);
        json.put("sliding_window", keys.whole(key(WINDOW)).orElse(4096));
        numberOr("attn_logit_softcapping", "attn_logit_softcapping", 50);
        numberOr("final_logit_softcapping", "final_logit_softcapping", 30);
        String ofWindow = key("rope.freq_base_swa");
        double base = json.get("rope_theta").doubleValue();
        OptionalDouble found = keys.number(ofWindow);
        if (found.isPresent() && shortest(found.getAsDouble()) != base) {
            throw keys.refuse(ofWindow, "must be that of all layers, " + base, found.getAsDouble());
        }
    }

    private void gemma3() throws IOException {
        gemma(GEMMA3_PATTERN, LAYERS_OF_GEMMA3_27B);
        whole("sliding_window", WINDOW);
        numberOr("rope_local_base_freq", "rope.freq_base_swa", BASE);
        OptionalDouble bound = keys.number(key("final_logit_softcapping"));
        if (bound.isPresent()) {
            json.put("final_logit_softcapping", shortest(bound.getAsDouble()));
        }
        if (architecture == GgufArchitecture.GEMMA_EMBEDDING) {
            json.put("use_bidirectional_attention", true);
        }
    }

    private void gemma(int pattern, int layersOfLargest) throws IOException {
        decoder();
        json.put("hidden_activation", "gelu_pytorch_tanh");
        layerTypes(pattern);
        long heads = json.get("num_attention_heads").longValue();
        boolean isLargest = json.get("num_hidden_layers").longValue() == layersOfLargest;
        json.put(
                "query_pre_attn_scalar",
                isLargest
                        ? json.get("hidden_size").longValue() / heads
                        : json.get("head_dim").longValue());
    }

    /** Which layers have a window: all but each n-th, or as an array says. */
    private void layerTypes(int otherwise) throws GgufException {
        String key = key("attention.sliding_window_pattern");
        long layers = json.get("num_hidden_layers").longValue();
        if (layers < 0 || layers > reader.names().size()) {
            throw keys.refuse(key("block_count"), "must be the number of the layers that the file has", layers);
        }
        ArrayNode types = json.putArray("layer_types");
        boolean[] slides = patternOf(key, layers, otherwise);
        for (boolean one : slides) {
            types.add(one ? "sliding_attention" : "full_attention");
        }
    }

    private boolean[] patternOf(String key, long layers, int otherwise) throws GgufException {
        if (keys.isArray(key)) {
            boolean[] slides = keys.truths(key).orElseThrow();
            if (slides.length != layers) {
                throw keys.refuse(key, "must have a value for each of the " + layers + " layers", slides.length);
            }
            return slides;
        }
        long every = keys.whole(key).orElse(otherwise);
        boolean[] slides = new boolean[(int) layers];
        for (int i = 0; i < slides.length; i++) {
            slides[i] = every < 1 || !isFull(i, every);
        }
        return slides;
    }

    /** Gemma's last layer of each group sees all, and ModernBERT's first one. */
    private boolean isFull(int layer, long every) {
        return architecture.isGemma() ? (layer + 1) % every == 0 : layer % every == 0;
    }

    private void gpt2() throws GgufException {
        gptSizes();
        number("layer_norm_epsilon", "attention.layer_norm_epsilon");
        json.put("activation_function", "gelu_new");
    }

    private void gptSizes() throws GgufException {
        whole("n_positions", "context_length");
        whole("n_embd", "embedding_length");
        whole("n_layer", "block_count");
        whole("n_head", "attention.head_count");
        whole("n_inner", "feed_forward_length");
    }

    private void bert() throws GgufException {
        requireNotCausal();
        encoderSizes();
        json.put("type_vocab_size", rows("token_types.weight"));
        json.put("hidden_act", "gelu");
        number("layer_norm_eps", "attention.layer_norm_epsilon");
    }

    private void encoderSizes() throws GgufException {
        whole("max_position_embeddings", "context_length");
        whole("hidden_size", "embedding_length");
        whole("num_hidden_layers", "block_count");
        whole("num_attention_heads", "attention.head_count");
        whole("intermediate_size", "feed_forward_length");
    }

    private void requireNotCausal() throws GgufException {
        if (keys.truth(key("attention.causal")).orElse(true)) {
            throw keys.refuse(key("attention.causal"), "must be false for an encoder", "true, or no such key");
        }
    }

    private void nomic() throws GgufException {
        requireNotCausal();
        gptSizes();
        json.put("type_vocab_size", rows("token_types.weight"));
        number("layer_norm_epsilon", "attention.layer_norm_epsilon");
        json.put("activation_function", "swiglu");
        json.put("rotary_emb_fraction", 1.0);
        number("rotary_emb_base", "rope.freq_base");
        json.put("qkv_proj_bias", reader.names().contains("blk.0.attn_qkv.bias"));
        json.put("mlp_fc1_bias", reader.names().contains("blk.0.ffn_up.bias"));
        json.put("mlp_fc2_bias", reader.names().contains("blk.0.ffn_down.bias"));
    }

    private void modern() throws GgufException {
        requireNotCausal();
        encoderSizes();
        number("norm_eps", "attention.layer_norm_epsilon");
        json.put("hidden_activation", "gelu");
        whole("local_attention", WINDOW);
        layerTypes(3);
        number("global_rope_theta", "rope.freq_base");
        numberOr("local_rope_theta", "rope.freq_base_swa", BASE);
    }
}
