package org.lora4j.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.nn.Pooling;

/** What sentence-transformers stores about the pooling of a model: {@code 1_Pooling/config.json}. */
final class PoolingFile {
    private static final String MODE = "pooling_mode_";
    private static final Map<String, Pooling.Method> METHODS = Map.of(
            MODE + "mean_tokens", Pooling.Method.MEAN,
            MODE + "cls_token", Pooling.Method.FIRST);

    private PoolingFile() {}

    /** Returns the pooling of a model; the mean if there is no such file. */
    static Pooling.Method read(Path folder) throws IOException {
        Path file = folder.resolve("1_Pooling").resolve("config.json");
        if (!Files.exists(file)) {
            return Pooling.Method.MEAN;
        }
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        List<String> modes = new ArrayList<>();
        json.properties().forEach(field -> {
            if (field.getKey().startsWith(MODE) && field.getValue().asBoolean()) {
                modes.add(field.getKey());
            }
        });
        Pooling.Method method = modes.size() == 1 ? METHODS.get(modes.get(0)) : null;
        if (method == null) {
            throw new IllegalArgumentException(file
                    + ": exactly one of pooling_mode_mean_tokens and pooling_mode_cls_token must be true, and no other"
                    + " pooling mode, found " + modes);
        }
        return method;
    }
}
