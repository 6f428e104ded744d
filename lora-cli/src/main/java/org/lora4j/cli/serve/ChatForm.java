package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;

/** Chats, which the chat template of the model writes. */
final class ChatForm implements TextForm {
    private static final int MOST_LOG_PROBABILITIES = 20;

    private final ServedDecoder decoder;
    private final FieldRules rules;
    private final LogProbabilityJson logProbabilities;

    ChatForm(ServedDecoder decoder) {
        this.decoder = decoder;
        logProbabilities = new LogProbabilityJson(decoder);
        Set<String> fields = new HashSet<>(TextRequest.FIELDS);
        fields.addAll(Set.of(
                "messages",
                "tools",
                "tool_choice",
                AnswerSchema.FIELD,
                "n",
                "max_tokens",
                "max_completion_tokens",
                "stop",
                "stream_options",
                "logprobs",
                "top_logprobs",
                TextRequest.PROMPT_LOG_PROBABILITIES));
        rules = new FieldRules(fields);
    }

    @Override
    public FieldRules rules() {
        return rules;
    }

    @Override
    public List<Prompt> prompts(JsonBody body) {
        ChatTools tools = ChatTools.of(body, "function");
        AnswerSchema schema = new AnswerSchema(AnswerSchema.FIELD, "json_schema", body.get(AnswerSchema.FIELD));
        return List.of(ChatPrompt.of(decoder, () -> ChatMessages.of(body), tools, schema));
    }

    @Override
    public OptionalInt logProbabilities(JsonBody body) {
        boolean areAsked = body.flag("logprobs");
        int top = (int) body.whole("top_logprobs", 0, 0, MOST_LOG_PROBABILITIES);
        if (top > 0 && !areAsked) {
            throw ApiException.field("top_logprobs", "0 or absent unless logprobs is true", String.valueOf(top));
        }
        return areAsked ? OptionalInt.of(top) : OptionalInt.empty();
    }

    @Override
    public void writeLogProbabilities(List<AnswerToken> tokens, JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeFieldName("content");
        logProbabilities.list(tokens, json);
        json.writeNullField("refusal");
        json.writeEndObject();
    }

    @Override
    public ObjectNode ofPrompt(ObjectNode whole, ObjectNode choice) {
        return whole;
    }

    @Override
    public int defaultTokens() {
        return decoder.maxNewTokens();
    }

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String type(boolean isPart) {
        return isPart ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public void whole(ObjectNode choice, ToolAnswer answer) {
        String text = answer.text();
        List<ToolCall> calls = answer.calls();
        ObjectNode message = choice.putObject("message").put("role", ChatMessage.ASSISTANT);
        message.put("content", text.isEmpty() && !calls.isEmpty() ? null : text).putNull("refusal");
        if (!answer.thoughts().isEmpty()) {
            message.put(ChatMessages.THOUGHTS, answer.thoughts());
        }
        if (!calls.isEmpty()) {
            ArrayNode all = message.putArray("tool_calls");
            calls.forEach(call -> all.addObject()
                    .put("id", call.id())
                    .put("type", "function")
                    .putObject("function")
                    .put("name", call.name())
                    .put("arguments", call.arguments()));
        }
    }

    @Override
    public void part(ObjectNode choice, @Nullable StreamedPart part) {
        ObjectNode delta = choice.putObject("delta");
        if (part instanceof StreamedPart.Begin begin) {
            delta.put("role", ChatMessage.ASSISTANT).put("content", begin.text());
        } else if (part instanceof StreamedPart.Text more) {
            delta.put("content", more.text());
        } else if (part instanceof StreamedPart.Thoughts more) {
            delta.put(ChatMessages.THOUGHTS, more.text());
        } else if (part instanceof StreamedPart.Call call) {
            call(delta, call.index())
                    .put("id", call.id())
                    .put("type", "function")
                    .putObject("function")
                    .put("name", call.name())
                    .put("arguments", "");
        } else if (part instanceof StreamedPart.Arguments more) {
            call(delta, more.index()).putObject("function").put("arguments", more.json());
        }
    }

    private static ObjectNode call(ObjectNode delta, int index) {
        return delta.putArray("tool_calls").addObject().put("index", index);
    }
}
