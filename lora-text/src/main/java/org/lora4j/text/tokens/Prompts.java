package org.lora4j.text.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.internal.Json;

/**
 * The texts that an encoder wants before others, by name: {@code config_sentence_transformers.json} of sentence-transformers.
 * A model that was trained with prompts embeds worse without them.
 *
 * @param texts the prompts by name, such as {@code query}
 * @param defaultName the name of the one for texts of no special kind; null for none
 */
public record Prompts(Map<String, String> texts, @Nullable String defaultName) {
    private static final String FILE = "config_sentence_transformers.json";
    private static final String PROMPTS = "prompts";
    private static final String DEFAULT = "default_prompt_name";
    private static final String QUERY = "query";
    private static final List<String> DOCUMENT = List.of("document", "passage", "corpus");
    private static final Prompts NONE = new Prompts(Map.of(), null);

    /**
     * Checks the default.
     *
     * @param texts the prompts by name
     * @param defaultName the name of one of them, or null
     * @throws IllegalArgumentException if there is no prompt of the name of the default
     */
    public Prompts {
        Objects.requireNonNull(texts, "texts must not be null");
        // In the order of the names, because that of Map.copyOf differs in each process, and checkpoints compare it.
        texts = Collections.unmodifiableMap(new TreeMap<>(Map.copyOf(texts)));
        if (defaultName != null && !texts.containsKey(defaultName)) {
            throw new IllegalArgumentException("default_prompt_name must be one of the prompts " + texts.keySet()
                    + ", found '" + defaultName + "'");
        }
    }

    /**
     * Returns no prompts.
     *
     * @return prompts that leave each text as it is
     */
    public static Prompts none() {
        return NONE;
    }

    /**
     * Returns the prompts of the E5 models (<a href="https://arxiv.org/abs/2212.03533">arXiv:2212.03533</a>), whose folders do
     * not name them: {@code "query: "} before queries, {@code "passage: "} before documents.
     *
     * @return the prompts
     */
    public static Prompts e5() {
        return new Prompts(Map.of(QUERY, "query: ", "passage", "passage: "), null);
    }

    /**
     * Returns the prompt of the English BGE models (<a href="https://arxiv.org/abs/2309.07597">arXiv:2309.07597</a>), whose
     * folders do not name it: a sentence before queries, nothing before documents.
     *
     * @return the prompts
     */
    public static Prompts bge() {
        return new Prompts(Map.of(QUERY, "Represent this sentence for searching relevant passages: "), null);
    }

    /**
     * Reads the prompts of a folder.
     *
     * @param json the content of {@code config_sentence_transformers.json}; null if there is no such file
     * @return the prompts; none if the file names none
     * @throws IllegalArgumentException if it is not a JSON object, a prompt is not a text, or the default does not exist
     */
    public static Prompts parse(@Nullable String json) {
        if (json == null) {
            return NONE;
        }
        JsonNode root = Json.object(FILE, json);
        Map<String, String> texts = new LinkedHashMap<>();
        root.path(PROMPTS).properties().forEach(prompt -> {
            if (!prompt.getValue().isTextual()) {
                throw new IllegalArgumentException(FILE + ": the prompt '" + prompt.getKey()
                        + "' must be a text, found " + Json.describe(prompt.getValue()));
            }
            texts.put(prompt.getKey(), prompt.getValue().textValue());
        });
        JsonNode name = root.path(DEFAULT);
        return new Prompts(texts, name.isTextual() ? name.textValue() : null);
    }

    /**
     * Returns these prompts with others in their place or beside them.
     *
     * @param others prompts by name, which replace those of the same names; their default replaces this one if there is one
     * @return both
     */
    public Prompts with(Prompts others) {
        Objects.requireNonNull(others, "others must not be null");
        Map<String, String> both = new LinkedHashMap<>(texts);
        both.putAll(others.texts);
        return new Prompts(both, others.defaultName == null ? defaultName : others.defaultName);
    }

    /**
     * Puts the default prompt before a text.
     *
     * @param text the text
     * @return the text with the prompt; the text itself if there is no default
     */
    public String apply(String text) {
        Objects.requireNonNull(text, "text must not be null");
        return prompt() + text;
    }

    /** The prompt of texts of no special kind; empty if there is none. */
    String prompt() {
        return defaultName == null ? "" : prompt(defaultName);
    }

    /**
     * Puts a prompt before a text.
     *
     * @param name the name of the prompt
     * @param text the text
     * @return the text with the prompt
     * @throws IllegalArgumentException if there is no prompt of this name
     */
    public String apply(String name, String text) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(text, "text must not be null");
        return prompt(name) + text;
    }

    /** The prompt of a name. */
    String prompt(String name) {
        String prompt = texts.get(name);
        if (prompt == null) {
            throw new IllegalArgumentException(
                    "prompt: the name must be one of " + new TreeSet<>(texts.keySet()) + ", found '" + name + "'");
        }
        return prompt;
    }

    /**
     * Puts the prompt of queries before a text: {@code query}, or the default.
     *
     * @param text the query
     * @return the query with the prompt
     */
    public String query(String text) {
        Objects.requireNonNull(text, "text must not be null");
        return queryPrompt() + text;
    }

    /** The prompt of queries; empty if there is none. */
    String queryPrompt() {
        return texts.containsKey(QUERY) ? prompt(QUERY) : prompt();
    }

    /**
     * Puts the prompt of documents before a text: {@code document}, {@code passage}, {@code corpus}, or the default.
     *
     * @param text the document
     * @return the document with the prompt
     */
    public String document(String text) {
        Objects.requireNonNull(text, "text must not be null");
        return documentPrompt() + text;
    }

    /** The prompt of documents; empty if there is none. */
    String documentPrompt() {
        return DOCUMENT.stream()
                .filter(texts::containsKey)
                .findFirst()
                .map(this::prompt)
                .orElseGet(this::prompt);
    }
}
