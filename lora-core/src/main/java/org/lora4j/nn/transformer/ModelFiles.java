package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;

/** The files of a model. */
final class ModelFiles {
    /** The name of one file of weights. */
    static final String ONE = "model.safetensors";

    /** The file that says which of several files holds a tensor. */
    static final String INDEX = "model.safetensors.index.json";

    /** The files without weights that decide what a model computes. */
    private static final List<String> CONFIGS = List.of("config.json", "generation_config.json");

    /** The files that decide which tokens a text has, and how embeddings are compared. */
    private static final List<String> TEXTS = List.of(
            "sentence_bert_config.json",
            "config_sentence_transformers.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "chat_template.jinja",
            "additional_chat_templates/tool_use.jinja");

    /** A longer file is not one of a model's settings. */
    private static final int MOST_BYTES = 1_000_000;

    private ModelFiles() {}

    /**
     * Reads the text of a file.
     *
     * @throws IllegalArgumentException if it is too long or no UTF-8
     * @throws IOException if it cannot be read, or is a folder, a device, a pipe or the like
     */
    static String read(ModelSource source, String file) throws IOException {
        byte[] bytes;
        try (InputStream in = source.open(file)) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        }
        if (bytes.length > MOST_BYTES) {
            throw new IllegalArgumentException(
                    source.describe(file) + ": must have at most " + MOST_BYTES + " bytes, found more");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(source.describe(file) + ": must be text in UTF-8, found other bytes", e);
        }
    }

    /** Reads the text of a file, or null if there is none. */
    static @Nullable String readIfExists(ModelSource source, String file) throws IOException {
        return source.has(file) ? read(source, file) : null;
    }

    /** The files without weights that there are. */
    static List<String> settings(ModelSource source) throws IOException {
        List<String> found = new ArrayList<>(existing(source, CONFIGS));
        found.addAll(SentenceModules.settings(source));
        found.addAll(existing(source, TEXTS));
        return found;
    }

    /** The files that there are. */
    static List<String> existing(ModelSource source, Iterable<String> files) throws IOException {
        List<String> found = new ArrayList<>();
        for (String file : files) {
            if (source.has(file)) {
                found.add(file);
            }
        }
        return found;
    }

    /** The files with the weights, and the index if there are several. */
    static List<String> weights(ModelSource source) throws IOException {
        List<String> files = new ArrayList<>(tensors(source).keySet());
        if (!files.contains(ONE)) {
            files.add(INDEX);
        }
        files.addAll(SentenceModules.weights(source));
        return files;
    }

    /**
     * The tensors of each file of weights; none if they are not known because there is only one file.
     *
     * @throws IOException if there are no such files, or one that the index names is missing
     */
    static Map<String, Set<String>> tensors(ModelSource source) throws IOException {
        if (source.has(ONE)) {
            return Map.of(ONE, Set.of());
        }
        if (source.has(INDEX)) {
            Map<String, Set<String>> files = index(source);
            List<String> missing = new ArrayList<>();
            for (String file : files.keySet()) {
                if (!source.has(file)) {
                    missing.add(file);
                }
            }
            if (!missing.isEmpty()) {
                throw new IOException(
                        source.describe(INDEX) + ": all files that it names must be in the folder, found none of "
                                + MessageText.list(missing));
            }
            return files;
        }
        for (String other : List.of("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5")) {
            if (source.has(other)) {
                throw new IOException(source + ": the weights must be in " + ONE + ", or in several files with " + INDEX
                        + ", found " + other + "; load the model in Python and call save_pretrained(folder)");
            }
        }
        throw new NoSuchFileException(
                source.toString(),
                null,
                "the weights must be in " + ONE + ", or in several files with " + INDEX + ", found neither");
    }

    private static Map<String, Set<String>> index(ModelSource source) throws IOException {
        JsonNode map = StrictJson.parse(INDEX, read(source, INDEX)).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new IllegalArgumentException(
                    source.describe(INDEX) + ": must have a weight_map from tensors to files, found none");
        }
        Map<String, Set<String>> files = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String name = entry.getKey();
            JsonNode file = entry.getValue();
            String text = file.asText();
            // A name with a path could read any file of the machine.
            boolean isPlain = file.isTextual()
                    && text.endsWith(".safetensors")
                    && text.chars().allMatch(c -> c >= ' ' && c != '/' && c != '\\' && c != ':');
            if (!isPlain) {
                throw new IllegalArgumentException(source.describe(INDEX)
                        + ": each file must be the name of a .safetensors file in the same folder, found "
                        + MessageText.quote(file.toString()) + " for " + MessageText.quote(name));
            }
            files.computeIfAbsent(text, key -> new LinkedHashSet<>()).add(name);
        }
        return files;
    }
}
