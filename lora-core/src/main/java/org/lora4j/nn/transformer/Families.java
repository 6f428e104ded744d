package org.lora4j.nn.transformer;

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
        add(ModernBert::new, "modernbert");
        add(Gte::new, "new");
        add(NomicBert::new, "nomic_bert");
        add(Llama::new, "llama", "mistral", "qwen2", "qwen3");
        add(SmolLm3::new, "smollm3");
        add(Gpt2::new, "gpt2");
    }

    private Families() {}

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
        fields.oneOf(JsonFields.MODEL_TYPE, "bert", List.copyOf(BY_MODEL_TYPE.keySet()));
        fields.requireNoProblems();
        Family family =
                Objects.requireNonNull(BY_MODEL_TYPE.get(fields.modelType())).apply(fields);
        fields.requireNoProblems();
        return family;
    }
}
