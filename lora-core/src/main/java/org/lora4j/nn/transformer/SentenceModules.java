package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.layer.Pooling;

/**
 * What sentence-transformers stores beside an encoder.
 *
 * @param modules the content of {@code modules.json}, what follows on the encoder; null if there is no such file
 * @param pooling the content of {@code 1_Pooling/config.json}; null if there is no such file
 */
record SentenceModules(@Nullable String modules, @Nullable String pooling) {
    static final SentenceModules NONE = new SentenceModules(null, null);

    static final String MODULES = "modules.json";
    private static final String FOLDER = "1_Pooling";
    static final String POOLING = FOLDER + "/config.json";
    private static final Set<String> COMPUTED = Set.of("Transformer", "Pooling", "Normalize");

    private static final String MODE = "pooling_mode";
    private static final String MEAN = "{\"pooling_mode_mean_tokens\": true}\n";
    private static final Map<String, Pooling.Method> METHODS = Map.of(
            MODE + "_mean_tokens", Pooling.Method.MEAN,
            MODE + "_cls_token", Pooling.Method.FIRST,
            MODE + " mean", Pooling.Method.MEAN,
            MODE + " cls", Pooling.Method.FIRST);

    static SentenceModules read(ModelSource source) throws IOException {
        return new SentenceModules(ModelJson.readIfExists(source, MODULES), ModelJson.readIfExists(source, POOLING));
    }

    /** Whether the mean is only a guess, because no file says how sentence embeddings are made. */
    boolean isGuess() {
        return modules == null && pooling == null;
    }

    /**
     * Writes the files that were read, so that the model is pooled as before when it is loaded again. If there were none, the
     * pooling of another model in the folder is replaced by the mean.
     */
    void write(Path folder) throws IOException {
        if (modules != null) {
            Files.writeString(folder.resolve(MODULES), modules, StandardCharsets.UTF_8);
        }
        if (pooling != null || Files.exists(folder.resolve(POOLING))) {
            Files.createDirectories(folder.resolve(FOLDER));
            Files.writeString(folder.resolve(POOLING), pooling == null ? MEAN : pooling, StandardCharsets.UTF_8);
        }
    }

    /**
     * Returns how a sentence embedding is made of the last hidden states: the mean if there are no files, as
     * sentence-transformers does it.
     *
     * @throws IllegalArgumentException if the files ask for something that this library does not compute
     */
    Pooling.Method method() {
        if (modules != null) {
            requireComputable(ModelJson.parse(MODULES, modules));
        }
        return pooling == null ? Pooling.Method.MEAN : method(ModelJson.parse(POOLING, pooling));
    }

    private void requireComputable(JsonNode list) {
        List<String> found = new ArrayList<>();
        for (JsonNode module : list) {
            String type = module.path("type").asText();
            String name = type.substring(type.lastIndexOf('.') + 1);
            boolean isPoolingElsewhere =
                    name.equals("Pooling") && !(module.path("path").asText().equals(FOLDER) && pooling != null);
            if (!COMPUTED.contains(name) || isPoolingElsewhere) {
                found.add(type + " in " + module.path("path").asText());
            }
        }
        if (!list.isArray() || !found.isEmpty()) {
            throw new IllegalArgumentException(MODULES
                    + ": this library computes sentence embeddings of a Transformer, Pooling in " + FOLDER
                    + " and Normalize, found " + (list.isArray() ? MessageText.list(found) : "no list"));
        }
    }

    private static Pooling.Method method(JsonNode json) {
        List<String> modes = new ArrayList<>();
        json.properties().forEach(field -> {
            String key = field.getKey();
            JsonNode value = field.getValue();
            if (key.equals(MODE)) {
                modes.add(MODE + " " + value.asText(value.toString()));
            } else if (key.startsWith(MODE) && !value.isBoolean()) {
                throw new IllegalArgumentException(
                        POOLING + ": " + key + " must be true or false, found " + MessageText.quote(value.toString()));
            } else if (key.startsWith(MODE) && value.booleanValue()) {
                modes.add(key);
            }
        });
        Pooling.Method method = modes.size() == 1 ? METHODS.get(modes.get(0)) : null;
        if (method == null) {
            throw new IllegalArgumentException(POOLING
                    + ": exactly one of pooling_mode_mean_tokens and pooling_mode_cls_token must be true, and no other"
                    + " pooling mode, found " + MessageText.list(modes) + "; this library computes no other");
        }
        return method;
    }
}
