package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.lora4j.internal.MessageText;

/**
 * Which fields a request may have: those that are used, those that change nothing about the answer, and those of which only
 * the value that changes nothing is supported.
 */
final class FieldRules {
    private static final Set<String> HARMLESS = Set.of(
            "user",
            "metadata",
            "store",
            "safety_identifier",
            "service_tier",
            "parallel_tool_calls",
            "prediction",
            "prompt_cache_retention");

    /** What a field must be to change nothing, and how a message says so. */
    record Neutral(String rule, Predicate<JsonNode> isMet) {}

    private static final Neutral ZERO = new Neutral("0", node -> node.isNumber() && node.doubleValue() == 0);
    private static final Neutral ONE = new Neutral("1", node -> node.isNumber() && node.doubleValue() == 1);
    static final Neutral FALSE = new Neutral("false", node -> node.isBoolean() && !node.booleanValue());
    static final Neutral EMPTY = new Neutral(
            "empty",
            node -> node.isContainerNode() ? node.isEmpty() : node.asText().isEmpty());
    private static final Neutral NO_TOOL =
            new Neutral("none or auto", node -> Set.of("none", "auto").contains(node.asText()));

    private static final Map<String, Neutral> NEUTRAL = Map.ofEntries(
            Map.entry("n", ONE),
            Map.entry("best_of", ONE),
            Map.entry("echo", FALSE),
            Map.entry("suffix", EMPTY),
            Map.entry("logprobs", FALSE),
            Map.entry("top_logprobs", ZERO),
            Map.entry("frequency_penalty", ZERO),
            Map.entry("presence_penalty", ZERO),
            Map.entry("logit_bias", EMPTY),
            Map.entry("tools", EMPTY),
            Map.entry("functions", EMPTY),
            Map.entry("tool_choice", NO_TOOL),
            Map.entry("function_call", NO_TOOL),
            Map.entry(
                    "response_format",
                    new Neutral(
                            "of the type text",
                            node -> node.path("type").asText().equals("text"))),
            Map.entry(
                    "modalities",
                    new Neutral(
                            "text alone",
                            node -> node.size() == 1 && node.path(0).asText().equals("text"))));

    private final Set<String> used;
    private final Map<String, Neutral> own;

    /** Whether there may be fields of answers that change nothing. */
    private final boolean isLenient;

    FieldRules(Set<String> used) {
        this(used, Map.of());
    }

    /**
     * Creates the rules of a path.
     *
     * @param used the fields that are used
     * @param own what other fields must be that another path may have
     */
    FieldRules(Set<String> used, Map<String, Neutral> own) {
        this(used, own, true);
    }

    private FieldRules(Set<String> used, Map<String, Neutral> own, boolean isLenient) {
        this.used = used;
        this.own = own;
        this.isLenient = isLenient;
    }

    /** Returns rules that refuse all other fields. */
    static FieldRules only(Set<String> used) {
        return new FieldRules(used, Map.of(), false);
    }

    /**
     * Checks a field.
     *
     * @throws ApiException if it would change the answer and is not supported
     */
    void check(String name, JsonNode value) {
        Neutral neutral = own.containsKey(name) ? own.get(name) : isLenient ? NEUTRAL.get(name) : null;
        boolean isHarmless = isLenient && HARMLESS.contains(name) && !own.containsKey(name);
        if (used.contains(name) || value.isNull() || isHarmless) {
            return;
        }
        if (neutral == null) {
            throw ApiException.unsupported(
                    MessageText.shorten(name),
                    "the field " + MessageText.quote(name) + " is not supported; leave it out");
        }
        if (!neutral.isMet.test(value)) {
            throw ApiException.unsupported(
                    name,
                    name + " is not supported: it must be " + neutral.rule + " or absent, found "
                            + MessageText.quote(value.toString()));
        }
    }
}
