package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.tools.AnswerForm;
import org.lora4j.text.tools.ToolAnswer;

/** Texts that are continued as they stand. */
final class CompletionForm implements TextForm {
    /** That of OpenAI's API. */
    private static final int DEFAULT_TOKENS = 16;

    private static final int MOST_PROMPTS = 64;

    private static final String RULE = "a text, the tokens of a text, or a list of 1 to " + MOST_PROMPTS + " of these";

    private static final int MOST_LOG_PROBABILITIES = 5;

    private final ServedDecoder decoder;
    private final FieldRules rules;
    private final LogProbabilityJson logProbabilities;

    CompletionForm(ServedDecoder decoder) {
        this.decoder = decoder;
        Set<String> fields = new HashSet<>(TextRequest.FIELDS);
        fields.addAll(Set.of(
                "prompt",
                TextRequest.ECHO,
                AnswerSchema.FIELD,
                "n",
                "best_of",
                "max_tokens",
                "stop",
                "stream_options",
                "logprobs",
                TextRequest.PROMPT_LOG_PROBABILITIES));
        logProbabilities = new LogProbabilityJson(decoder);
        rules = new FieldRules(fields);
    }

    @Override
    public FieldRules rules() {
        return rules;
    }

    @Override
    public List<Prompt> prompts(JsonBody body) {
        JsonNode prompt = body.require("prompt", RULE);
        boolean isOne = !prompt.isArray() || prompt.path(0).isNumber();
        List<JsonNode> all = new ArrayList<>();
        (isOne ? List.of(prompt) : prompt).forEach(all::add);
        if (all.isEmpty() || all.size() > MOST_PROMPTS) {
            throw ApiException.field("prompt", RULE, all.size() + " of them");
        }
        boolean echoes = body.flag(TextRequest.ECHO);
        AnswerSchema schema = new AnswerSchema(AnswerSchema.FIELD, "json_schema", body.get(AnswerSchema.FIELD));
        AskedGrammar grammar = schema.grammar();
        return all.stream().map(one -> prompt(one, echoes, grammar)).toList();
    }

    private Prompt prompt(JsonNode prompt, boolean echoes, @Nullable AskedGrammar grammar) {
        int[] ids = prompt.isTextual() ? null : JsonBody.tokens(prompt);
        if (ids == null && !prompt.isTextual()) {
            throw JsonBody.wrong("prompt", RULE, prompt);
        }
        try {
            int[] tokens = ids == null
                    ? decoder.tokens().plain(prompt.textValue())
                    : decoder.tokens().requireRoom(ids);
            String text = ids == null ? prompt.textValue() : decoder.tokenizer().decode(ids);
            return new Prompt(tokens, echoes ? text : "", AnswerForm.TEXT, true, grammar);
        } catch (IllegalArgumentException e) {
            throw ApiException.of(400, "invalid_prompt", String.valueOf(e.getMessage()));
        }
    }

    @Override
    public OptionalInt logProbabilities(JsonBody body) {
        if (body.get("logprobs") == null) {
            return OptionalInt.empty();
        }
        return OptionalInt.of((int) body.whole("logprobs", 0, 0, MOST_LOG_PROBABILITIES));
    }

    @Override
    public ObjectNode ofPrompt(ObjectNode whole, ObjectNode choice) {
        return choice;
    }

    @Override
    public void writeLogProbabilities(List<AnswerToken> tokens, JsonGenerator json) throws IOException {
        logProbabilities.columns(tokens, json);
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
    public void whole(ObjectNode choice, ToolAnswer answer) {
        choice.put("text", answer.text());
    }

    /** There are no calls, because no tools can be given. */
    @Override
    public void part(ObjectNode choice, @Nullable StreamedPart part) {
        String text = "";
        if (part instanceof StreamedPart.Begin begin) {
            text = begin.text();
        } else if (part instanceof StreamedPart.Text more) {
            text = more.text();
        }
        choice.put("text", text);
    }
}
