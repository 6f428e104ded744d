package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.text.ChatMessage;
import org.lora4j.text.ChatTemplate;
import org.lora4j.text.Conversation;
import org.lora4j.text.tools.ToolCall;

/** Chats, which the chat template of the model writes. */
final class ChatForm implements TextForm {
    private final ServedDecoder decoder;
    private final FieldRules rules;

    ChatForm(ServedDecoder decoder) {
        this.decoder = decoder;
        Set<String> fields = new HashSet<>(TextRequest.FIELDS);
        fields.add("messages");
        fields.add("tools");
        fields.add("tool_choice");
        fields.add(AnswerSchema.FIELD);
        fields.add("max_completion_tokens");
        rules = new FieldRules(fields);
    }

    @Override
    public FieldRules rules() {
        return rules;
    }

    @Override
    public List<Prompt> prompts(JsonBody body) {
        ChatTemplate template = decoder.template()
                .orElseThrow(() -> ApiException.of(
                        400,
                        "no_chat_template",
                        "the model must have a chat template for chats, found none; use /v1/completions"));
        ChatTools tools = ChatTools.of(body);
        try {
            Conversation conversation = new Conversation(ChatMessages.of(body), List.of()).withTools(tools.shown());
            ExpectedCalls calls = tools.expected(conversation, template);
            TokenConstraint constraint = AnswerSchema.of(body, decoder);
            if (constraint != null && calls != null) {
                throw ApiException.unsupported(
                        AnswerSchema.FIELD,
                        AnswerSchema.FIELD + " must be text beside tools, found JSON; ask for one of both");
            }
            if (calls != null && calls.forced() != null) {
                constraint = decoder.constraint("tools", calls.forced().schema());
            }
            String begin = calls == null ? "" : calls.before();
            return List.of(new Prompt(decoder.tokens().prompt(conversation, template, begin), "", calls, constraint));
        } catch (IllegalArgumentException e) {
            throw ApiException.of(400, "invalid_messages", String.valueOf(e.getMessage()));
        }
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
    public void whole(ObjectNode choice, String text, List<ToolCall> calls) {
        ObjectNode message = choice.putObject("message").put("role", ChatMessage.ASSISTANT);
        message.put("content", text.isEmpty() && !calls.isEmpty() ? null : text).putNull("refusal");
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
