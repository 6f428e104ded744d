package org.lora4j.io.gguf;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How llama.cpp names the weights that it adapts. */
final class GgufNames {
    static final String EMBEDDING = "token_embd.weight";
    static final String HEAD = "output.weight";

    private static final Pattern LLAMA_LAYER = Pattern.compile("(?:model\\.)?layers\\.(\\d{1,9})\\.(.+)");
    private static final Pattern GPT2_LAYER = Pattern.compile("(?:transformer\\.)?h\\.(\\d{1,9})\\.(.+)");

    private static final Map<String, String> LLAMA = Map.of(
            "self_attn.q_proj", "attn_q",
            "self_attn.k_proj", "attn_k",
            "self_attn.v_proj", "attn_v",
            "self_attn.o_proj", "attn_output",
            "mlp.gate_proj", "ffn_gate",
            "mlp.up_proj", "ffn_up",
            "mlp.down_proj", "ffn_down");

    private static final Map<String, String> GPT2 = Map.of(
            "attn.c_attn", "attn_qkv",
            "attn.c_proj", "attn_output",
            "mlp.c_fc", "ffn_up",
            "mlp.c_proj", "ffn_down");

    private final Pattern layer;
    private final Map<String, String> inLayer;
    private final Pattern embedding;

    GgufNames(GgufModel model) {
        layer = model.isGpt2() ? GPT2_LAYER : LLAMA_LAYER;
        inLayer = model.isGpt2() ? GPT2 : LLAMA;
        embedding = Pattern.compile(model.isGpt2() ? "(transformer\\.)?wte" : "(model\\.)?embed_tokens");
    }

    /** The name of the weight of a module, or nothing if llama.cpp does not adapt it. */
    Optional<String> weightOf(String path) {
        if (embedding.matcher(path).matches()) {
            return Optional.of(EMBEDDING);
        }
        if (path.equals("lm_head")) {
            return Optional.of(HEAD);
        }
        Matcher matcher = layer.matcher(path);
        String name = matcher.matches() ? inLayer.get(matcher.group(2)) : null;
        return Optional.ofNullable(name)
                .map(found -> "blk." + Integer.parseInt(matcher.group(1)) + "." + found + ".weight");
    }

    /** Whether positions rotate what the weight gives. */
    static boolean isRotated(String weight) {
        return weight.endsWith(".attn_q.weight") || weight.endsWith(".attn_k.weight");
    }
}
