package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** The families that this library computes. Nothing else names one: a new family is one file, and one line here. */
final class Families {
    private static final Map<String, Function<JsonFields, Family>> BY_MODEL_TYPE = new LinkedHashMap<>();

    static {
        add(Bert::new, "bert", "roberta", "xlm-roberta");
        add(DistilBert::new, "distilbert");
        add(Electra::new, "electra");
        add(Mpnet::new, "mpnet");
        add(Deberta::new, "deberta-v2");
        add(ModernBert::new, "modernbert");
        add(Gte::new, "new");
        add(NomicBert::new, "nomic_bert");
        add(Llama::new, "llama", "mistral", "qwen2", "qwen3");
        add(SmolLm3::new, "smollm3");
        add(Phi3::new, "phi3");
        add(Gemma::of, "gemma2", "gemma3_text");
        add(Gpt2::new, "gpt2");
    }

    /** The types of models that read pictures too, and those of their text models, which {@code text_config} describes. */
    private static final Map<String, String> TEXT_MODELS = Map.of("gemma3", "gemma3_text");

    private Families() {}

    /** The configuration of the text model. The file itself, if the model reads nothing else. */
    static ObjectNode ofText(ObjectNode file) {
        String textType = TEXT_MODELS.get(file.path(JsonFields.MODEL_TYPE).asText());
        if (textType == null || !(file.path("text_config") instanceof ObjectNode text)) {
            return file;
        }
        ObjectNode config = text.deepCopy();
        config.put(JsonFields.MODEL_TYPE, text.path(JsonFields.MODEL_TYPE).asText(textType));
        return config;
    }

    /** The values of {@code model_type}, in the order in which they were added. */
    static List<String> modelTypes() {
        return List.copyOf(BY_MODEL_TYPE.keySet());
    }

    private static void add(Function<JsonFields, Family> family, String... modelTypes) {
        List.of(modelTypes).forEach(type -> BY_MODEL_TYPE.put(type, family));
    }

    /**
     * Reads a model.
     *
     * @throws IllegalArgumentException if the model is of no family, or a field is missing or wrong; the message lists all that is
     *     wrong
     */
    static Family read(JsonFields fields) {
        fields.oneOf(JsonFields.MODEL_TYPE, "bert", modelTypes());
        fields.requireNoProblems();
        Family family =
                Objects.requireNonNull(BY_MODEL_TYPE.get(fields.modelType())).apply(fields);
        fields.requireNoProblems();
        return family;
    }
}
