package org.lora4j.io.gguf.internal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.gguf.model.GgufException;

/** What the keys of a GGUF file say, as the files that the same model has on Hugging Face's hub. */
public final class GgufFiles {
    private static final String CONFIG = "config.json";
    private static final String GENERATION_CONFIG = "generation_config.json";
    private static final String MODULES = "modules.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String POOLING = "pooling_type";
    private static final String MODULE = "sentence_transformers.models.";

    private GgufFiles() {}

    /**
     * Returns the files.
     *
     * @param reader the file
     * @return the content of each file by its name
     * @throws GgufException if a key is missing, or says what this library does not compute
     * @throws IOException if the file cannot be read
     */
    public static Map<String, String> of(GgufReader reader) throws IOException {
        Objects.requireNonNull(reader, "reader must not be null");
        if (reader.names().isEmpty()) {
            throw new GgufException(
                    reader.keys().file(),
                    "tensors",
                    "a model must have weights",
                    "none; of a file with a vocabulary alone, Tokenizer.load opens the tokenizer");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        GgufArchitecture architecture = GgufConfig.architecture(reader.keys());
        ObjectNode config = GgufConfig.read(reader);
        texts.put(CONFIG, config.toPrettyString());
        texts.put(GENERATION_CONFIG, generationConfig(reader.keys()));
        texts.put(TOKENIZER_CONFIG, tokenizerConfig(reader.keys()));
        String pooling = pooling(reader.keys(), architecture);
        if (pooling != null) {
            texts.put("1_Pooling/config.json", "{\"pooling_mode\": \"" + pooling + "\"}");
            texts.put(MODULES, modules(reader, texts));
        }
        return texts;
    }

    private static @Nullable String pooling(GgufKeys keys, GgufArchitecture architecture) throws GgufException {
        String key = architecture.ggufName() + "." + POOLING;
        if (!keys.has(key)) {
            return null;
        }
        long type = keys.whole(key).orElseThrow();
        if (type == 0) {
            return null;
        }
        return switch ((int) Math.min(type, Integer.MAX_VALUE)) {
            case 1 -> "mean";
            case 2 -> "cls";
            case 3 -> "lasttoken";
            default -> throw keys.refuse(key, "must be 0 to 3: none, the mean, the first token or the last one", type);
        };
    }

    /** The modules of sentence-transformers. llama.cpp leaves the normalization to its caller, who always does it. */
    private static String modules(GgufReader reader, Map<String, String> texts) throws IOException {
        ArrayNode modules = StrictJson.MAPPER.createArrayNode();
        add(modules, "", "Transformer");
        add(modules, "1_Pooling", "Pooling");
        for (String name : new String[] {"2", "3"}) {
            String tensor = "dense_" + name + ".weight";
            if (reader.names().contains(tensor)) {
                long[] shape = reader.shape(tensor);
                if (shape.length != 2) {
                    throw new GgufException(
                            reader.keys().file(),
                            "tensors",
                            tensor + " must be a matrix",
                            shape.length + " dimensions");
                }
                ObjectNode dense = StrictJson.MAPPER.createObjectNode();
                dense.put("in_features", shape[1]).put("out_features", shape[0]).put("bias", false);
                dense.put("activation_function", "torch.nn.modules.linear.Identity");
                texts.put(name + "_Dense/config.json", dense.toPrettyString());
                add(modules, name + "_Dense", "Dense");
            }
        }
        add(modules, "4_Normalize", "Normalize");
        return modules.toPrettyString();
    }

    private static void add(ArrayNode modules, String folder, String type) {
        int number = modules.size();
        modules.addObject()
                .put("idx", number)
                .put("name", String.valueOf(number))
                .put("path", folder)
                .put("type", MODULE + type);
    }

    /** The tokens that end an answer. */
    private static String generationConfig(GgufKeys keys) throws GgufException {
        ObjectNode json = StrictJson.MAPPER.createObjectNode();
        ArrayNode ends = json.putArray("eos_token_id");
        for (int id : GgufEnds.of(keys)) {
            ends.add(id);
        }
        return json.toPrettyString();
    }

    /** What a chat needs to know. */
    private static String tokenizerConfig(GgufKeys keys) throws GgufException {
        ObjectNode json = StrictJson.MAPPER.createObjectNode();
        keys.text("tokenizer.chat_template").ifPresent(text -> json.put("chat_template", text));
        List<String> tokens = keys.texts("tokenizer.ggml.tokens").orElse(List.of());
        for (String token : new String[] {"bos", "eos"}) {
            long id = keys.whole("tokenizer.ggml." + token + "_token_id").orElse(-1);
            if (id >= 0 && id < tokens.size()) {
                json.put(token + "_token", tokens.get((int) id));
            }
        }
        return json.toPrettyString();
    }
}
