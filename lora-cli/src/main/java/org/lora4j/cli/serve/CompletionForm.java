package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Texts that are continued as they stand. */
final class CompletionForm implements TextForm {
    /** That of OpenAI's API. */
    private static final int DEFAULT_TOKENS = 16;

    private static final String RULE = "one text or the tokens of one text";

    private final ServedDecoder decoder;
    private final FieldRules rules;

    CompletionForm(ServedDecoder decoder) {
        this.decoder = decoder;
        Set<String> fields = new HashSet<>(TextRequest.FIELDS);
        fields.add("prompt");
        rules = new FieldRules(fields);
    }

    @Override
    public FieldRules rules() {
        return rules;
    }

    @Override
    public int[] prompt(JsonBody body) {
        JsonNode prompt = body.require("prompt", RULE);
        JsonNode one = prompt.isArray() && prompt.size() == 1 && !prompt.get(0).isNumber() ? prompt.get(0) : prompt;
        int[] ids = one.isTextual() ? null : JsonBody.tokens(one);
        if (ids == null && !one.isTextual()) {
            throw JsonBody.wrong("prompt", RULE, prompt);
        }
        try {
            return ids == null
                    ? decoder.tokens().plain(one.textValue())
                    : decoder.tokens().requireRoom(ids);
        } catch (IllegalArgumentException e) {
            throw ApiException.of(400, "invalid_prompt", String.valueOf(e.getMessage()));
        }
    }

    @Override
    public int defaultTokens() {
        return Math.min(DEFAULT_TOKENS, decoder.maxNewTokens());
    }

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public String type(boolean isPart) {
        return "text_completion";
    }

    @Override
    public void whole(ObjectNode choice, String text) {
        choice.put("text", text);
    }

    @Override
    public void part(ObjectNode choice, @Nullable String text, boolean isFirst) {
        choice.put("text", text == null ? "" : text);
    }
}
