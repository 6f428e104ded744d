package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.Scale;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.Softcap;

/**
 * Gemma 2 (<a href="https://arxiv.org/abs/2408.00118">arXiv:2408.00118</a>) and the text model of Gemma 3
 * (<a href="https://arxiv.org/abs/2503.19786">arXiv:2503.19786</a>): decoders that normalize before and after each part. Most
 * layers have a window. Gemma 2 bounds the scores of its attentions; Gemma 3 normalizes the heads of queries and keys instead,
 * and its layers with a window have a rotation of their own.
 */
final class Gemma extends GatedDecoder {
    private static final String SECOND = "gemma2";

    private final boolean isSecond;
    private final boolean seesAll;
    private final boolean attentionBias;
    private final Gate gate;
    private final LayerTypes types;
    private final int window;
    private final RotaryEmbedding ofWindow;
    private final double scale;
    private final double softcap;
    private final double finalSoftcap;

    private Gemma(JsonFields fields) {
        super(fields, defaults(fields), Gemma::rotation);
        isSecond = modelType.equals(SECOND);
        seesAll = seesAll(fields);
        attentionBias = fields.truth("attention_bias", false);
        gate = fields.oneOf("hidden_activation", "gelu_pytorch_tanh", List.of("gelu_pytorch_tanh", "gelu"))
                        .equals("gelu")
                ? Gate.GELU
                : Gate.GELU_TANH;
        int pattern = fields.positive("sliding_window_pattern", fields.positive("_sliding_window_pattern", 6));
        types = LayerTypes.read(fields, layers, i -> isSecond ? i % 2 == 0 : (i + 1) % pattern != 0);
        window = fields.positive("sliding_window", 4096);
        ofWindow = isSecond
                ? rotary
                : RotaryFields.ofType(fields, headSize, LayerTypes.SLIDING, "rope_local_base_freq", 10_000);
        double scalar = fields.number("query_pre_attn_scalar", 256.0);
        if (!(scalar > 0)) {
            fields.refuse("query_pre_attn_scalar must be positive, found " + scalar);
        }
        scale = 1 / Math.sqrt(scalar);
        double stated = softcap(fields, "attn_logit_softcapping", 50);
        // The code of Gemma 3 does not read the field.
        softcap = isSecond ? stated : SelfAttention.NO_SOFTCAP;
        finalSoftcap = softcap(fields, "final_logit_softcapping", 30);
    }

    /** A decoder, or an encoder if its tokens see those behind them too. */
    static Family of(JsonFields fields) {
        Gemma gemma = new Gemma(fields);
        return gemma.seesAll ? new EmbeddingGemma(gemma) : gemma;
    }

    private static boolean seesAll(JsonFields fields) {
        return fields.truth("use_bidirectional_attention", false);
    }

    private static Defaults defaults(JsonFields fields) {
        return fields.modelType().equals(SECOND)
                ? new Defaults(256, 8192, 10_000, true, sizes(256_000))
                : new Defaults(256, 131_072, 1_000_000, true, sizes(262_208));
    }

    private static Map<String, Integer> sizes(int vocabulary) {
        return Map.of(
                "vocab_size", vocabulary,
                "hidden_size", 2304,
                "num_hidden_layers", 26,
                "num_attention_heads", 8,
                "num_key_value_heads", 4,
                "intermediate_size", 9216);
    }

    /** The rotation of the layers without a window. The positions are those after the scaling. */
    private static RotaryFields rotation(JsonFields fields, int headSize, int positions, double theta) {
        String type = fields.modelType().equals(SECOND) ? null : LayerTypes.FULL;
        RotaryFields read = RotaryFields.read(fields, type, headSize, positions, theta);
        return new RotaryFields(read.rotary(), positions);
    }

    /** A bound; null in the file means none, and so does no field in Gemma 3. */
    private double softcap(JsonFields fields, String field, double ofSecond) {
        boolean isNull = fields.mentions(field) && !fields.has(field);
        double found = fields.number(field, isSecond && !isNull ? ofSecond : SelfAttention.NO_SOFTCAP);
        if (!(found > 0)) {
            fields.refuse(field + " must be positive, found " + found);
        }
        return found;
    }

    @Override
    public String architecture() {
        return isSecond ? "Gemma2" : "Gemma3Text";
    }

    @Override
    public String causalArchitecture() {
        return isSecond ? "Gemma2ForCausalLM" : "Gemma3ForCausalLM";
    }

    /** Files of models that read pictures too have a prefix before or after the other one. */
    @Override
    public String plainName(String stored) {
        String start = "language_model.";
        return Family.withoutStart(start, Family.withoutStart(prefix(), Family.withoutStart(start, stored)));
    }

    /** The parts that read pictures. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.startsWith("vision_tower.") || plain.startsWith("multi_modal_projector.");
    }

    @Override
    public double initialNorm() {
        return 0;
    }

    @Override
    RMSNorm norm(ModelParts parts, String path, int width) {
        return parts.zeroCenteredNorm(path, width, epsilon);
    }

    @Override
    List<Layer> afterEmbeddings(ModelParts parts) {
        return List.of(new Scale(parts.path("embed_scale"), Math.sqrt(hiddenSize)));
    }

    @Override
    List<Layer> attentionPart(ModelParts parts, String layer, int i) {
        return List.of(
                norm(parts, layer + "input_layernorm", hiddenSize),
                attention(parts, layer + "self_attn", i),
                norm(parts, layer + "post_attention_layernorm", hiddenSize));
    }

    @Override
    List<Layer> feedForwardPart(ModelParts parts, String layer) {
        return List.of(
                norm(parts, layer + "pre_feedforward_layernorm", hiddenSize),
                feedForward(parts, layer + "mlp"),
                norm(parts, layer + "post_feedforward_layernorm", hiddenSize));
    }

    @Override
    SelfAttention attention(ModelParts parts, String path, int i) {
        boolean slides = types.slides(i);
        SelfAttention.Builder attention = attention(
                        parts, path, attentionBias, attentionBias, slides ? ofWindow : rotary)
                .scale(scale)
                .softcap(softcap);
        if (!isSecond) {
            attention.norms(norm(parts, path + ".q_norm", headSize), norm(parts, path + ".k_norm", headSize));
        }
        if (slides) {
            attention.window(seesAll ? window / 2 : window - 1);
        }
        return (seesAll ? attention : attention.causal()).build();
    }

    @Override
    Layer feedForward(ModelParts parts, String path) {
        return feedForward(parts, path, gate, false);
    }

    @Override
    public List<Layer> causal(ModelParts parts) {
        List<Layer> all = new ArrayList<>(super.causal(parts));
        if (finalSoftcap != SelfAttention.NO_SOFTCAP) {
            all.add(new Softcap("final_logit_softcapping", finalSoftcap));
        }
        return all;
    }

    /** The class of transformers is that of Gemma 2 alone. */
    @Override
    public List<Layer> tokenClassifier(ModelParts parts) {
        return isSecond ? super.tokenClassifier(parts) : List.of();
    }

    @Override
    public Optional<GgufModel> gguf() {
        return Optional.of(gguf(isSecond ? SECOND : "gemma3", false));
    }
}
