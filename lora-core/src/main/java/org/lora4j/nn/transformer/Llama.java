package org.lora4j.nn.transformer;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.SelfAttention;

/**
 * Llama (<a href="https://arxiv.org/abs/2302.13971">arXiv:2302.13971</a>), Mistral, Qwen2 and Qwen3. Qwen2 has biases for
 * queries, keys and values, and Qwen3 normalizes each head of queries and keys.
 */
final class Llama extends GatedDecoder {
    private static final Map<String, String> ARCHITECTURES =
            Map.of("llama", "Llama", "mistral", "Mistral", "qwen2", "Qwen2", "qwen3", "Qwen3");
    private static final Map<String, Integer> DEFAULT_POSITIONS =
            Map.of("llama", 2048, "mistral", 131_072, "qwen2", 32_768, "qwen3", 32_768);

    /** Mistral's default; null in the file means none. */
    private static final int DEFAULT_WINDOW = 4096;

    private static final int DEFAULT_WINDOW_LAYERS = 28;

    private final boolean inputBias;
    private final boolean outputBias;
    private final boolean feedForwardBias;
    private final int window;
    private final LayerTypes types;

    Llama(JsonFields fields) {
        super(fields, defaults(fields.modelType()));
        boolean isLlama = modelType.equals("llama");
        outputBias = (isLlama || modelType.equals("qwen3")) && fields.truth("attention_bias", false);
        inputBias = outputBias || modelType.equals("qwen2");
        feedForwardBias = isLlama && fields.truth("mlp_bias", false);
        boolean hasWindow = modelType.equals("mistral") || fields.truth("use_sliding_window", false);
        boolean isNull = fields.mentions("sliding_window") && !fields.has("sliding_window");
        window = hasWindow && !isNull ? fields.positive("sliding_window", DEFAULT_WINDOW) : SelfAttention.NO_WINDOW;
        // In Qwen, the first layers see all tokens.
        int first = modelType.equals("mistral") ? 0 : fields.integer("max_window_layers", DEFAULT_WINDOW_LAYERS);
        types = LayerTypes.read(fields, layers, i -> i >= first);
    }

    private static Defaults defaults(String modelType) {
        int positions = Objects.requireNonNull(DEFAULT_POSITIONS.get(modelType));
        return new Defaults(modelType.equals("qwen3") ? 128 : 0, positions, 10_000, false);
    }

    @Override
    public String architecture() {
        return Objects.requireNonNull(ARCHITECTURES.get(modelType));
    }

    @Override
    SelfAttention attention(ModelParts parts, String path, int i) {
        SelfAttention.Builder attention = attention(parts, path, inputBias, outputBias, rotary);
        if (modelType.equals("qwen3")) {
            attention.norms(
                    parts.rmsNorm(path + ".q_norm", headSize, epsilon),
                    parts.rmsNorm(path + ".k_norm", headSize, epsilon));
        }
        if (window < positions && types.slides(i)) {
            attention.window(window - 1);
        }
        return attention.causal().build();
    }

    @Override
    Layer feedForward(ModelParts parts, String path) {
        return feedForward(parts, path, feedForwardBias);
    }

    @Override
    public Optional<GgufModel> gguf() {
        String name = modelType.equals("mistral") ? "llama" : modelType;
        return Optional.of(gguf(name, name.equals("llama")));
    }
}
