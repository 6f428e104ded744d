package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.lora4j.internal.MessageText;

/** Answers in the form of OpenAI's responses. Nothing is stored, so each request has the whole conversation. */
final class ResponseEndpoint implements Endpoint {
    private static final String INCLUDE = "include";
    private static final String LOG_PROBABILITIES = "message.output_text.logprobs";
    private static final int MOST_LOG_PROBABILITIES = 20;
    private static final int FIRST_OF_SERVER = 500;
    private static final int TOO_MANY = 429;

    private static final FieldRules RULES = new FieldRules(
            fields(),
            Map.of(
                    "store",
                    FieldRules.FALSE,
                    "background",
                    FieldRules.FALSE,
                    "reasoning",
                    FieldRules.EMPTY,
                    "truncation",
                    new FieldRules.Neutral("disabled", node -> node.asText().equals("disabled"))));

    private final ServedDecoder decoder;

    ResponseEndpoint(ServedDecoder decoder) {
        this.decoder = decoder;
    }

    private static Set<String> fields() {
        Set<String> fields = new HashSet<>(TextRequest.FIELDS);
        // What hides the lengths of the parts of a stream changes nothing about the answer.
        fields.addAll(List.of(
                "input",
                "instructions",
                "tools",
                "tool_choice",
                "text",
                "max_output_tokens",
                "stream_options",
                INCLUDE,
                "top_logprobs"));
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
        TextGenerations generations = TextGenerations.start(decoder, List.of(asked.request), deadline, answer.use());
        AnnotationsHeader.set(answer, generations.annotations());
        Run run = new Run(asked, answer, generations, new LogProbabilityJson(decoder));
        answer.onFailure(run::failed);
        try {
            generations.run(run);
        } finally {
            answer.use().tokens(asked.request.prompt().length, generations.count());
        }
    }

    private Asked read(JsonBody json, String adapter) {
        boolean isStream = json.flag("stream");
        ChatTools tools = ChatTools.of(json, "");
        TextForm.Prompt prompt = ChatPrompt.of(
                decoder,
                () -> ResponseInput.of(json),
                tools,
                new AnswerSchema(ResponseHead.FORMAT, "", ResponseHead.format(json)));
        OptionalInt logProbabilities = logProbabilities(json);
        if (logProbabilities.isPresent()) {
            decoder.requireBytes(INCLUDE);
        }
        TextRequest request = TextRequest.of(json, adapter, prompt, decoder, decoder.maxNewTokens())
                .withLogProbabilities(logProbabilities);
        return new Asked(request, ResponseHead.of(json), isStream);
    }

    private static OptionalInt logProbabilities(JsonBody json) {
        JsonNode include = json.get(INCLUDE);
        if (include != null && !include.isArray()) {
            throw JsonBody.wrong(INCLUDE, "a list", include);
        }
        for (JsonNode one : include == null ? List.<JsonNode>of() : include) {
            if (!one.asText().equals(LOG_PROBABILITIES)) {
                throw ApiException.unsupported(
                        INCLUDE,
                        INCLUDE + " is not supported: it must be empty or " + LOG_PROBABILITIES + ", found "
                                + MessageText.quote(one.toString()));
            }
        }
        boolean areAsked = include != null && !include.isEmpty();
        int top = (int) json.whole("top_logprobs", 0, 0, MOST_LOG_PROBABILITIES);
        if (top > 0 && !areAsked) {
            throw ApiException.field(
                    "top_logprobs", "0 or absent unless include has " + LOG_PROBABILITIES, String.valueOf(top));
        }
        return areAsked ? OptionalInt.of(top) : OptionalInt.empty();
    }

    /** A response that grows. */
    private static final class Run implements TextGenerations.Receiver {
        private final Asked asked;
        private final Answer answer;
        private final TextGenerations generations;
        private final EventStream stream;
        private final ResponseOutput output;
        private long number;

        Run(Asked asked, Answer answer, TextGenerations generations, LogProbabilityJson json) {
            this.asked = asked;
            this.answer = answer;
            this.generations = generations;
            stream = new EventStream(answer, generations);
            output = new ResponseOutput(json, asked.isStream ? this::send : null);
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
            answer.grow(piece.tokens().size(), asked.request.options().logProbabilities());
            if (!piece.parts().isEmpty()) {
                begin();
            }
            output.add(piece);
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
                answer.use().tokens(asked.request.prompt().length, generations.count());
                answer.json(200, asked.response);
            }
        }

        private void usage(ObjectNode usage) {
            int prompt = asked.request.prompt().length;
            int tokens = generations.count();
            usage.put("input_tokens", prompt);
            usage.putObject("input_tokens_details")
                    .put("cached_tokens", generations.reusedTokens(1))
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
