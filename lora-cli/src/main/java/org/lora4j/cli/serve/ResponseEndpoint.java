package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.tools.AnswerPart;

/** Answers in the form of OpenAI's responses. Nothing is stored, so each request has the whole conversation. */
final class ResponseEndpoint implements Endpoint {
    private static final String TEXT = "text";
    private static final String FORMAT = "text.format";
    private static final int FIRST_OF_SERVER = 500;
    private static final int TOO_MANY = 429;

    private static final FieldRules RULES = new FieldRules(
            fields(),
            Map.of(
                    "store",
                    FieldRules.FALSE,
                    "background",
                    FieldRules.FALSE,
                    "include",
                    FieldRules.EMPTY,
                    "reasoning",
                    FieldRules.EMPTY,
                    "truncation",
                    new FieldRules.Neutral("disabled", node -> node.asText().equals("disabled"))));

    private static final FieldRules RULES_OF_TEXT = new FieldRules(
            Set.of(FORMAT),
            Map.of(
                    TEXT + ".verbosity",
                    new FieldRules.Neutral("medium", node -> node.asText().equals("medium"))));

    private final ServedDecoder decoder;

    ResponseEndpoint(ServedDecoder decoder) {
        this.decoder = decoder;
    }

    private static Set<String> fields() {
        Set<String> fields = new HashSet<>(TextRequest.FIELDS);
        // What hides the lengths of the parts of a stream changes nothing about the answer.
        fields.addAll(
                List.of("input", "instructions", "tools", "tool_choice", TEXT, "max_output_tokens", "stream_options"));
        return fields;
    }

    /**
     * What a request asks for.
     *
     * @param response what each object of the response says
     */
    private record Asked(TextRequest request, ObjectNode response, boolean isStream) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        String adapter = decoder.adapter(model);
        Asked asked = decoder.limited(adapter, body, deadline, () -> read(body.json(RULES), adapter));
        // The body stays counted, because parts of it are in the response.
        TextGenerations generations = TextGenerations.start(decoder, List.of(asked.request), deadline);
        Run run = new Run(asked, answer, generations);
        answer.onFailure(run::failed);
        generations.run(run);
    }

    private Asked read(JsonBody json, String adapter) {
        boolean isStream = json.flag("stream");
        ChatTools tools = ChatTools.of(json, "");
        TextForm.Prompt prompt =
                ChatPrompt.of(decoder, () -> ResponseInput.of(json), tools, new AnswerSchema(FORMAT, "", format(json)));
        TextRequest request = TextRequest.of(json, adapter, prompt, decoder, decoder.maxNewTokens());
        return new Asked(request, response(json), isStream);
    }

    private static @Nullable JsonNode format(JsonBody json) {
        JsonNode text = json.get(TEXT);
        if (text == null) {
            return null;
        }
        if (!text.isObject()) {
            throw JsonBody.wrong(TEXT, "an object", text);
        }
        text.properties().forEach(field -> RULES_OF_TEXT.check(TEXT + "." + field.getKey(), field.getValue()));
        JsonNode format = text.get("format");
        return format == null || format.isNull() ? null : format;
    }

    /**
     * The fields of a response that are known before it is generated. What the client has sent is kept as text, because a tree of it
     * would take far more memory.
     */
    private static ObjectNode response(JsonBody json) {
        ObjectNode response = JsonBody.MAPPER
                .createObjectNode()
                .put("id", "resp_" + UUID.randomUUID().toString().replace("-", ""))
                .put("object", "response")
                .put("created_at", Instant.now().getEpochSecond())
                .put("status", "in_progress")
                .put("background", false)
                .putNull("error")
                .putNull("incomplete_details")
                .put("instructions", json.textOrNull("instructions"));
        response.set("max_output_tokens", sent(json, "max_output_tokens", NullNode.instance));
        response.put("model", json.text("model"));
        response.putArray("output");
        response.put(
                "parallel_tool_calls", json.get("parallel_tool_calls") == null || json.flag("parallel_tool_calls"));
        response.putNull("previous_response_id");
        response.putObject("reasoning").putNull("effort").putNull("summary");
        response.put("store", false);
        response.set("temperature", sent(json, "temperature", IntNode.valueOf(1)));
        ObjectNode text = response.putObject(TEXT);
        JsonNode format = format(json);
        if (format == null) {
            text.putObject("format").put("type", TEXT);
        } else {
            text.set("format", kept(format));
        }
        response.set("tool_choice", sent(json, "tool_choice", TextNode.valueOf("auto")));
        response.set("tools", tools(json));
        response.set("top_p", sent(json, "top_p", IntNode.valueOf(1)));
        response.put("truncation", "disabled").putNull("usage");
        response.put("user", json.textOrNull("user"));
        JsonNode metadata = json.get("metadata");
        if (metadata != null && !metadata.isObject()) {
            throw JsonBody.wrong("metadata", "an object", metadata);
        }
        response.set("metadata", sent(json, "metadata", JsonBody.MAPPER.createObjectNode()));
        return response;
    }

    private static JsonNode sent(JsonBody json, String name, JsonNode otherwise) {
        JsonNode given = json.get(name);
        return given == null ? otherwise : kept(given);
    }

    private static JsonNode kept(JsonNode given) {
        return new POJONode(new RawValue(given.toString()));
    }

    private static JsonNode tools(JsonBody json) {
        ArrayNode tools = JsonBody.MAPPER.createArrayNode();
        JsonNode given = json.get("tools");
        if (given != null) {
            given.forEach(tool -> tools.add(withAllFields(tool)));
        }
        return kept(tools);
    }

    /** Clients require these fields. */
    private static ObjectNode withAllFields(JsonNode tool) {
        ObjectNode whole = tool.deepCopy();
        if (!whole.hasNonNull("strict")) {
            whole.put("strict", false);
        }
        if (!whole.has("parameters")) {
            whole.putNull("parameters");
        }
        return whole;
    }

    /** A response that grows. */
    private static final class Run implements TextGenerations.Receiver {
        private final Asked asked;
        private final Answer answer;
        private final TextGenerations generations;
        private final EventStream stream;
        private final ResponseOutput output;
        private long number;

        Run(Asked asked, Answer answer, TextGenerations generations) {
            this.asked = asked;
            this.answer = answer;
            this.generations = generations;
            stream = new EventStream(answer, generations);
            output = new ResponseOutput(asked.isStream ? this::send : null);
        }

        private String event(String type, ObjectNode event) {
            event.put("type", type).put("sequence_number", number++);
            return "event: " + type + "\ndata: " + event + "\n\n";
        }

        private void send(String type, ObjectNode event) throws IOException {
            stream.send(event(type, event));
        }

        private ObjectNode whole() {
            ObjectNode event = JsonBody.MAPPER.createObjectNode();
            event.set("response", asked.response);
            return event;
        }

        private void begin() throws IOException {
            if (asked.isStream && stream.begin()) {
                send("response.created", whole());
                send("response.in_progress", whole());
            }
        }

        @Override
        public void piece(int index, TextPiece piece) throws IOException {
            if (!piece.parts().isEmpty()) {
                begin();
            }
            for (AnswerPart part : piece.parts()) {
                output.add(part);
            }
        }

        @Override
        public void alive() throws IOException {
            if (asked.isStream) {
                begin();
                stream.alive();
            }
        }

        @Override
        public void end(int index, String finish) throws IOException {
            begin();
            boolean isComplete = finish.equals("stop");
            output.close(isComplete);
            String status = isComplete ? "completed" : "incomplete";
            asked.response.put("status", status).set("output", output.items());
            if (!isComplete) {
                asked.response.putObject("incomplete_details").put("reason", "max_output_tokens");
            }
            usage(asked.response.putObject("usage"));
            if (asked.isStream) {
                send("response." + status, whole());
            } else {
                generations.adapter().ifPresent(used -> AdapterHeaders.set(answer, used));
                answer.json(200, asked.response);
            }
        }

        private void usage(ObjectNode usage) {
            int prompt = asked.request.prompt().length;
            int tokens = generations.count();
            usage.put("input_tokens", prompt);
            usage.putObject("input_tokens_details")
                    .put("cached_tokens", generations.reusedTokens())
                    .put("cache_write_tokens", 0);
            usage.put("output_tokens", tokens);
            usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
            usage.put("total_tokens", prompt + tokens);
        }

        /** The last event of a response that cannot be completed. */
        String failed(ApiException e) {
            String code = e.status() >= FIRST_OF_SERVER
                    ? "server_error"
                    : e.status() == TOO_MANY ? "rate_limit_exceeded" : "invalid_prompt";
            asked.response.put("status", "failed").set("output", output.items());
            asked.response.putObject("error").put("code", code).put("message", e.getMessage());
            return event("response.failed", whole());
        }
    }
}
