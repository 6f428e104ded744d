package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.EasyInputMessage;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseOutputItem;
import com.openai.models.responses.ResponseStatus;
import com.openai.models.responses.ResponseStreamEvent;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenAI's responses over HTTP, with a small model that has learned some conversations by heart. */
class ServeResponsesTest {
    private static final String PATH = "/v1/responses";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    static Path temp;

    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        server = RunningServer.start("--model", LearnedTools.write(temp.resolve("learned")), "--allow-base");
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
    }

    private static ObjectNode body(String question) throws Exception {
        return (ObjectNode) MAPPER.readTree("""
                {"model": "learned", "temperature": 0, "max_output_tokens": 200, "input": "%s",
                 "tools": [{"type": "function", "name": "add", "description": "d", "strict": false,
                            "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}},
                           {"type": "function", "name": "weather"}]}
                """.formatted(question));
    }

    /** UTF-8 has no bytes for half a character, but JSON has an escape. */
    @Test
    void halfACharacterInWhatIsRepeatedStaysAsItIs() throws Exception {
        String body = body("cat").put("max_output_tokens", 1).toString();
        HttpResponse<String> response =
                server.post(PATH, body.substring(0, body.length() - 1) + ", \"metadata\": {\"a\": \"x\\ud83d\"}}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.body()).contains("{\"a\":\"x\\ud83d\"}");
    }

    private static JsonNode good(ObjectNode body) throws Exception {
        return server.good(PATH, body.toString());
    }

    /** The events of a stream. */
    private static List<JsonNode> events(RunningServer of, ObjectNode body) throws Exception {
        return events(of.post(PATH, body.deepCopy().put("stream", true).toString()));
    }

    private static List<JsonNode> events(HttpResponse<String> response) throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        List<JsonNode> events = new ArrayList<>();
        String name = "";
        for (String line : response.body().lines().toList()) {
            if (line.startsWith("event: ")) {
                name = line.substring("event: ".length());
            } else if (line.startsWith("data: ")) {
                JsonNode event = MAPPER.readTree(line.substring("data: ".length()));
                assertThat(event.path("type").asText()).isEqualTo(name);
                assertThat(event.path("sequence_number").asInt()).isEqualTo(events.size());
                events.add(event);
            }
        }
        return events;
    }

    /** The types of events, those that come several times in a row once. */
    private static List<String> types(List<JsonNode> events) {
        List<String> types = new ArrayList<>();
        for (JsonNode event : events) {
            String type = event.path("type").asText();
            if (types.isEmpty() || !types.get(types.size() - 1).equals(type)) {
                types.add(type);
            }
        }
        return types;
    }

    /** A response without what differs from one to the next. */
    private static JsonNode withoutIds(JsonNode response) {
        ObjectNode copy = response.deepCopy();
        copy.remove(List.of("id", "created_at"));
        copy.path("output").forEach(item -> ((ObjectNode) item).remove(List.of("id", "call_id")));
        return copy;
    }

    @Test
    void textIsAMessage() throws Exception {
        ObjectNode body = body("hi");
        JsonNode response = good(body);
        assertThat(response.path("object").asText()).isEqualTo("response");
        assertThat(response.path("status").asText()).isEqualTo("completed");
        assertThat(response.path("store").asBoolean(true)).isFalse();
        assertThat(response.path("output")).hasSize(1);
        JsonNode message = response.at("/output/0");
        assertThat(message.path("type").asText()).isEqualTo("message");
        assertThat(message.path("role").asText()).isEqualTo("assistant");
        assertThat(message.path("status").asText()).isEqualTo("completed");
        assertThat(message.at("/content/0/type").asText()).isEqualTo("output_text");
        assertThat(message.at("/content/0/text").asText()).isEqualTo("Hello.");
        int input = response.at("/usage/input_tokens").asInt();
        int output = response.at("/usage/output_tokens").asInt();
        // With the end.
        assertThat(output).isEqualTo("Hello.".length() + 1);
        assertThat(response.at("/usage/total_tokens").asInt()).isEqualTo(input + output);
        // What the client has sent.
        assertThat(response.path("tools").path(0).path("name").asText()).isEqualTo("add");
        assertThat(response.path("tools").path(1).path("strict").asBoolean(true))
                .isFalse();
        assertThat(response.path("tool_choice").asText()).isEqualTo("auto");
        assertThat(response.path("max_output_tokens").asInt()).isEqualTo(200);
        assertThat(response.at("/text/format/type").asText()).isEqualTo("text");
        // What is known of the prompt is said.
        body.put("prompt_cache_key", "one");
        assertThat(good(body).at("/usage/input_tokens_details/cached_tokens").asInt())
                .as("blocks of other requests")
                .isLessThanOrEqualTo(input - 16);
        assertThat(good(body).at("/usage/input_tokens_details/cached_tokens").asInt())
                .isEqualTo(input - 1);
    }

    @Test
    void textComesPieceByPiece() throws Exception {
        List<JsonNode> events = events(server, body("hi"));
        assertThat(types(events))
                .containsExactly(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.content_part.added",
                        "response.output_text.delta",
                        "response.output_text.done",
                        "response.content_part.done",
                        "response.output_item.done",
                        "response.completed");
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(event.path("delta").asText("")));
        assertThat(text.toString()).isEqualTo("Hello.");
        String item = events.get(2).at("/item/id").asText();
        for (JsonNode event : events.subList(3, events.size() - 2)) {
            assertThat(event.path("item_id").asText()).isEqualTo(item);
            assertThat(event.path("output_index").asInt(-1)).isZero();
            assertThat(event.path("content_index").asInt(-1)).isZero();
        }
        assertThat(events.get(0).at("/response/status").asText()).isEqualTo("in_progress");
        assertThat(events.get(0).at("/response/output")).isEmpty();
        assertThat(withoutIds(events.get(events.size() - 1).path("response"))).isEqualTo(withoutIds(good(body("hi"))));
    }

    @Test
    void callsAreItemsAfterTheText() throws Exception {
        List<JsonNode> events = events(server, body("2+3 and Rome?"));
        List<String> call = List.of(
                "response.output_item.added",
                "response.function_call_arguments.delta",
                "response.function_call_arguments.done",
                "response.output_item.done");
        List<String> expected = new ArrayList<>(List.of(
                "response.created",
                "response.in_progress",
                "response.output_item.added",
                "response.content_part.added",
                "response.output_text.delta",
                "response.output_text.done",
                "response.content_part.done",
                "response.output_item.done"));
        expected.addAll(call);
        expected.addAll(call);
        expected.add("response.completed");
        assertThat(types(events)).isEqualTo(expected);
        JsonNode output = events.get(events.size() - 1).at("/response/output");
        assertThat(output).hasSize(3);
        assertThat(output.path(0).at("/content/0/text").asText()).isEqualTo("Let me look.");
        List<String> arguments = new ArrayList<>(List.of("", "", ""));
        for (JsonNode event : events) {
            int index = event.path("output_index").asInt();
            if (event.path("type").asText().equals("response.function_call_arguments.delta")) {
                arguments.set(index, arguments.get(index) + event.path("delta").asText());
                assertThat(event.path("item_id")).isEqualTo(output.path(index).path("id"));
            }
        }
        for (int i = 1; i < 3; i++) {
            JsonNode item = output.path(i);
            assertThat(item.path("type").asText()).isEqualTo("function_call");
            assertThat(item.path("status").asText()).isEqualTo("completed");
            assertThat(item.path("name").asText())
                    .isEqualTo(List.of("add", "weather").get(i - 1));
            assertThat(item.path("arguments").asText()).isEqualTo(arguments.get(i));
        }
        assertThat(output.path(1).path("arguments").asText()).isEqualTo("{\"a\": 2, \"b\": 3}");
        assertThat(withoutIds(events.get(events.size() - 1).path("response")))
                .isEqualTo(withoutIds(good(body("2+3 and Rome?"))));
    }

    /** Those of the text, and not those of the calls. */
    @Test
    void textsHaveLogProbabilities() throws Exception {
        ObjectNode body = body("2+3 and Rome?").put("top_logprobs", 2);
        body.putArray("include").add("message.output_text.logprobs");
        JsonNode response = good(body);
        assertThat(response.path("output")).hasSize(3);
        JsonNode logprobs = response.at("/output/0/content/0/logprobs");
        assertThat(names(logprobs)).isEqualTo("Let me look.");
        for (JsonNode token : logprobs) {
            assertThat(token.path("logprob").asDouble()).isNegative();
            assertThat(token.path("bytes")).hasSize(1);
            assertThat(token.path("top_logprobs")).hasSize(2);
            assertThat(token.path("top_logprobs").path(0).path("token")).isEqualTo(token.path("token"));
        }
        List<JsonNode> events = events(server, body);
        StringBuilder streamed = new StringBuilder();
        for (JsonNode event : events) {
            if (event.path("type").asText().equals("response.output_text.delta")) {
                assertThat(names(event.path("logprobs")))
                        .isEqualTo(event.path("delta").asText());
                streamed.append(names(event.path("logprobs")));
            } else if (event.path("type").asText().equals("response.output_text.done")) {
                assertThat(names(event.path("logprobs"))).isEqualTo("Let me look.");
            }
        }
        assertThat(streamed.toString()).isEqualTo("Let me look.");
        assertThat(withoutIds(events.get(events.size() - 1).path("response"))).isEqualTo(withoutIds(response));
        // What looked like a call at first is text with its tokens.
        for (int most : new int[] {30, 38}) {
            JsonNode cut = good(body("2+3?").put("max_output_tokens", most).set("include", body.path("include")));
            assertThat(names(cut.at("/output/0/content/0/logprobs")))
                    .isEqualTo(cut.at("/output/0/content/0/text").asText())
                    .startsWith("<tool_call>");
        }
    }

    private static String names(JsonNode tokens) {
        StringBuilder names = new StringBuilder();
        tokens.forEach(token -> names.append(token.path("token").asText()));
        return names.toString();
    }

    /** A text and the calls after it are one message of a chat. */
    @Test
    void theConversationContinuesWithTheItemsOfTheOutput() throws Exception {
        ObjectNode body = body("2+3 and Rome?");
        JsonNode first = good(body);
        ArrayNode input = body.putArray("input");
        input.addObject().put("role", "user").put("content", "2+3 and Rome?");
        first.path("output").forEach(input::add);
        List<String> results = List.of("5", "sun");
        for (int i = 0; i < 2; i++) {
            input.addObject()
                    .put("type", "function_call_output")
                    .set("call_id", first.path("output").path(i + 1).path("call_id"));
            ((ObjectNode) input.get(input.size() - 1)).put("output", results.get(i));
        }
        assertThat(good(body).at("/output/0/content/0/text").asText()).isEqualTo("5, and sun.");
        // A list of parts is the same.
        ((ObjectNode) input.get(0))
                .putArray("content")
                .addObject()
                .put("type", "input_text")
                .put("text", "2+3 and Rome?");
        assertThat(good(body).at("/output/0/content/0/text").asText()).isEqualTo("5, and sun.");
    }

    @Test
    void instructionsAreASystemMessage() throws Exception {
        ObjectNode with = body("hi").put("instructions", "Be brief.");
        ObjectNode asInput = body("hi");
        asInput.putArray("input").addObject().put("role", "developer").put("content", "Be brief.");
        asInput.withArray("input").addObject().put("role", "user").put("content", "hi");
        JsonNode response = good(with);
        assertThat(response.path("instructions").asText()).isEqualTo("Be brief.");
        assertThat(response.at("/usage/input_tokens"))
                .isEqualTo(good(asInput).at("/usage/input_tokens"))
                .isNotEqualTo(good(body("hi")).at("/usage/input_tokens"));
    }

    @Test
    void anAnswerThatIsCutIsIncomplete() throws Exception {
        ObjectNode body = body("hi").put("max_output_tokens", 3);
        JsonNode response = good(body);
        assertThat(response.path("status").asText()).isEqualTo("incomplete");
        assertThat(response.at("/incomplete_details/reason").asText()).isEqualTo("max_output_tokens");
        assertThat(response.at("/output/0/status").asText()).isEqualTo("incomplete");
        assertThat(response.at("/output/0/content/0/text").asText()).isEqualTo("Hel");
        List<JsonNode> events = events(server, body);
        assertThat(events.get(events.size() - 1).path("type").asText()).isEqualTo("response.incomplete");
        assertThat(withoutIds(events.get(events.size() - 1).path("response"))).isEqualTo(withoutIds(response));
    }

    /** As a whole it is text alone. A stream has said that it began. */
    @Test
    void anUnfinishedCallIsText() throws Exception {
        ObjectNode body = body("2+3?").put("max_output_tokens", 30);
        JsonNode output = good(body).path("output");
        assertThat(output).hasSize(1);
        String text = output.path(0).at("/content/0/text").asText();
        assertThat(text).startsWith("<tool_call>\n{\"name\": \"add\", ");
        List<JsonNode> events = events(server, body.put("max_output_tokens", 38));
        JsonNode last = events.get(events.size() - 1).path("response");
        assertThat(last.path("status").asText()).isEqualTo("incomplete");
        assertThat(last.path("output")).hasSize(2);
        assertThat(last.at("/output/0/type").asText()).isEqualTo("function_call");
        assertThat(last.at("/output/0/status").asText()).isEqualTo("incomplete");
        assertThat(last.at("/output/1/content/0/text").asText()).startsWith(text);
        assertThat(types(events)).doesNotContain("response.function_call_arguments.done");
    }

    /** The model chooses. */
    @Test
    void anAnswerIsACallOrJson() throws Exception {
        ObjectNode body = body("2+3?");
        body.putObject("text").putObject("format").put("type", "json_object");
        assertThat(good(body).at("/output/0/name").asText()).isEqualTo("add");
        // Without the token that begins a call.
        JsonNode message = good(body.set("logit_bias", MAPPER.createObjectNode().put("258", -100)))
                .at("/output/0");
        assertThat(MAPPER.readTree(message.at("/content/0/text").asText()).isObject())
                .isTrue();
    }

    /** It would say hello. */
    @Test
    void aCallCanBeRequired() throws Exception {
        ObjectNode any = body("hi").put("tool_choice", "required");
        ObjectNode named = body("hi");
        named.putObject("tool_choice").put("type", "function").put("name", "add");
        for (ObjectNode asked : List.of(any, named)) {
            JsonNode output = good(asked).path("output");
            assertThat(output).hasSize(1);
            assertThat(output.at("/0/type").asText()).isEqualTo("function_call");
            assertThat(MAPPER.readTree(output.at("/0/arguments").asText()).isObject())
                    .isTrue();
        }
        assertThat(good(named).at("/output/0/name").asText()).isEqualTo("add");
        assertThat(good(body("2+3?").put("tool_choice", "none"))
                        .at("/output/0/type")
                        .asText())
                .isEqualTo("message");
    }

    @ParameterizedTest
    @ValueSource(strings = {"json_object", "json_schema"})
    void anAnswerFitsItsSchema(String type) throws Exception {
        ObjectNode body = body("how far?").put("temperature", 1.5).put("max_output_tokens", 60);
        body.remove("tools");
        ObjectNode format = body.putObject("text").putObject("format").put("type", type);
        if (type.equals("json_schema")) {
            format.put("name", "n").put("strict", true);
            format.set(
                    "schema",
                    MAPPER.readTree("{\"type\": \"object\", \"properties\": {\"count\": {\"type\": \"integer\"}},"
                            + " \"required\": [\"count\"], \"additionalProperties\": false}"));
        }
        JsonNode response = good(body);
        JsonNode json = MAPPER.readTree(response.at("/output/0/content/0/text").asText());
        assertThat(json.isObject()).isTrue();
        assertThat(json.path("count").isIntegralNumber()).isEqualTo(type.equals("json_schema"));
        assertThat(response.at("/text/format")).isEqualTo(format);
    }

    /** The answer of a distance. */
    public record Distance(int count, boolean isRound) {}

    @Test
    @Tag("slow")
    void openAisOwnClientTalksToIt() {
        OpenAIClient client = server.openAi();
        ResponseCreateParams.Builder ask = ResponseCreateParams.builder()
                .model("learned")
                .temperature(0.0)
                .maxOutputTokens(200)
                .addTool(function("add"))
                .addTool(function("weather"));
        Response hello = client.responses().create(ask.input("hi").build()).validate();
        assertThat(hello.status()).hasValue(ResponseStatus.COMPLETED);
        assertThat(text(hello.output().get(0))).isEqualTo("Hello.");

        List<ResponseInputItem> input = new ArrayList<>();
        input.add(ResponseInputItem.ofEasyInputMessage(EasyInputMessage.builder()
                .role(EasyInputMessage.Role.USER)
                .content("2+3 and Rome?")
                .build()));
        ResponseCreateParams first = ask.inputOfResponse(input).build();
        List<ResponseOutputItem> output =
                client.responses().create(first).validate().output();
        assertThat(output).hasSize(3);
        assertThat(text(output.get(0))).isEqualTo("Let me look.");
        assertThat(output.get(1).asFunctionCall().arguments()).isEqualTo("{\"a\": 2, \"b\": 3}");
        assertThat(output.get(2).asFunctionCall().name()).isEqualTo("weather");

        ResponseAccumulator whole = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(first)) {
            stream.stream().forEach(event -> whole.accumulate(event.validate()));
        }
        assertThat(whole.response().validate().output()).hasSize(3);
        assertThat(text(whole.response().output().get(0))).isEqualTo("Let me look.");
        assertThat(whole.response().output().get(2).asFunctionCall().arguments())
                .isEqualTo(output.get(2).asFunctionCall().arguments());

        input.add(ResponseInputItem.ofResponseOutputMessage(output.get(0).asMessage()));
        List<String> results = List.of("5", "sun");
        for (int i = 0; i < 2; i++) {
            input.add(ResponseInputItem.ofFunctionCall(output.get(i + 1).asFunctionCall()));
            input.add(ResponseInputItem.ofFunctionCallOutput(ResponseInputItem.FunctionCallOutput.builder()
                    .callId(output.get(i + 1).asFunctionCall().callId())
                    .output(results.get(i))
                    .build()));
        }
        Response last =
                client.responses().create(ask.inputOfResponse(input).build()).validate();
        assertThat(last.output()).hasSize(1);

        Distance distance = client.responses()
                .create(ResponseCreateParams.builder()
                        .model("learned")
                        .maxOutputTokens(60)
                        .input("how far?")
                        .text(Distance.class)
                        .build())
                .output()
                .get(0)
                .asMessage()
                .content()
                .get(0)
                .asOutputText();
        assertThat(distance).isNotNull();
    }

    private static String text(ResponseOutputItem item) {
        return item.asMessage().content().get(0).asOutputText().text();
    }

    private static FunctionTool function(String name) {
        return FunctionTool.builder()
                .name(name)
                .strict(false)
                .parameters(FunctionTool.Parameters.builder()
                        .putAdditionalProperty("type", JsonValue.from("object"))
                        .putAdditionalProperty("properties", JsonValue.from(Map.of()))
                        .build())
                .build();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "store | true | store is not supported: it must be false or absent",
                "background | true | background is not supported",
                "previous_response_id | \"resp_1\" | the field 'previous_response_id' is not supported",
                "conversation | \"conv_1\" | the field 'conversation' is not supported",
                "prompt | {\"id\": \"p\"} | the field 'prompt' is not supported",
                "reasoning | {\"effort\": \"low\"} | reasoning is not supported",
                "include | [\"reasoning.encrypted_content\"] | include is not supported: it must be empty or message.output_text.logprobs",
                "include | {\"a\": 1} | include must be a list",
                "include | \"a\" | include must be a list",
                "top_logprobs | 1 | top_logprobs must be 0 or absent unless include has message.output_text.logprobs",
                "top_logprobs | 21 | top_logprobs must be a whole number from 0 to 20",
                "truncation | \"auto\" | truncation is not supported: it must be disabled",
                "n | 2 | n is not supported",
                "stop | \"a\" | the field 'stop' is not supported",
                "max_tokens | 5 | the field 'max_tokens' is not supported",
                "messages | [] | the field 'messages' is not supported",
                "max_output_tokens | 0 | max_output_tokens must be a whole number",
                "instructions | 1 | instructions must be a text",
                "metadata | [1] | metadata must be an object",
                "parallel_tool_calls | 1 | parallel_tool_calls must be true or false",
                "user | {} | user must be a text",
                "text | [] | text must be an object",
                "text | {\"verbosity\": \"low\"} | text.verbosity is not supported",
                "text | {\"form\": 1} | the field 'text.form' is not supported",
                "text | {\"format\": {\"type\": \"grammar\"}} | text.format must be an object with the type",
                "tools | [{\"type\": \"web_search\"}] | tools[0].type must be function, found '\"web_search\"'",
                "tools | [{\"type\": \"function\", \"name\": \"a\", \"defer_loading\": true}] | tools[0].defer_loading' is not supported",
                "tools | [{\"type\": \"function\", \"function\": {\"name\": \"a\"}}] | tools[0].function' is not supported",
                "tool_choice | {\"type\": \"file_search\"} | tool_choice must be auto, none, required, or an object",
                "tool_choice | {\"type\": \"custom\", \"name\": \"add\"} | tool_choice must be auto, none, required, or an object",
                "tool_choice | {\"type\": \"function\", \"name\": \"nobody\"} | found 'nobody'",
                "input | [] | input must be a text or a list of at least one item",
                "input | 1 | input must be a text or a list",
                "input | [1] | input[0].type is not supported",
                "input | [null] | input[0].type is not supported",
                "input | [{\"type\": \"reasoning\", \"summary\": []}] | a conversation must have at least one message",
                "input | [{\"type\": \"item_reference\", \"id\": \"a\"}] | input[0].type is not supported: it must be message, function_call, function_call_output or reasoning, found 'item_reference'",
                "input | [{\"role\": \"tool\", \"content\": \"a\"}] | input[0].role must be system, developer, user or assistant",
                "input | [{\"role\": \"user\"}] | input[0].content must be a text, or a list of parts of the type input_text or output_text",
                "input | [{\"role\": \"user\", \"content\": [{\"type\": \"input_image\", \"image_url\": \"x\"}]}] | input[0].content[0] must be of the type input_text or output_text",
                "input | [{\"role\": \"user\", \"content\": [{\"type\": \"input_file\", \"file_id\": \"x\"}]}] | input[0].content[0] must be of the type",
                "input | [{\"role\": \"user\", \"content\": \"a\", \"audio\": 1}] | input[0].audio' is not supported",
                "input | [{\"type\": \"function_call\", \"name\": \"a\", \"arguments\": \"{}\"}] | input[0].call_id must be a text",
                "input | [{\"type\": \"function_call\", \"call_id\": \"1\", \"name\": \"a\", \"arguments\": \"{\"}] | input[0]: the arguments",
                "input | [{\"type\": \"function_call_output\", \"call_id\": \"1\", \"output\": \"a\"}] | input[0].call_id must be the id of a call in a message before",
            })
    void whatIsWrongIsNamed(String field, String value, String message) throws Exception {
        for (boolean isStream : new boolean[] {false, true}) {
            ObjectNode body = body("2+3?").put("stream", isStream);
            body.set(field, MAPPER.readTree(value));
            HttpResponse<String> response = server.post(PATH, body.toString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
            assertThat(RunningServer.json(response).at("/error/message").asText())
                    .contains(message);
        }
    }

    @Test
    void harmlessFieldsChangeNothing() throws Exception {
        ObjectNode body = body("hi")
                .put("store", false)
                .put("background", false)
                .put("truncation", "disabled")
                .put("user", "u")
                .put("parallel_tool_calls", true)
                .put("top_logprobs", 0)
                .put("service_tier", "auto");
        body.putArray("include");
        body.putObject("reasoning");
        body.putNull("previous_response_id");
        body.putObject("metadata").put("a", "b");
        body.putObject("text").put("verbosity", "medium");
        body.putObject("stream_options").put("include_obfuscation", false);
        JsonNode response = good(body);
        assertThat(response.at("/output/0/content/0/text").asText()).isEqualTo("Hello.");
        assertThat(response.at("/metadata/a").asText()).isEqualTo("b");
        assertThat(response.path("user").asText()).isEqualTo("u");
        assertThat(server.get(PATH).statusCode()).isEqualTo(405);
        assertThat(server.get(PATH + "/resp_1").statusCode()).isEqualTo(404);
    }

    /** The status was sent, so the last event says what happened. */
    @Test
    @Tag("slow")
    void aStreamThatFailsSaysSo() throws Exception {
        Path endless = SmallModels.llama(temp.resolve("endless"), 1);
        Path config = endless.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": 100000"));
        ObjectNode body = body("hi").put("model", "endless").put("max_output_tokens", 90000);
        body.remove("tools");
        body.putObject("logit_bias").put("257", -100);
        body.put("stream", true);
        int seconds = 1;
        HttpResponse<String> response = late(seconds, endless, body);
        // On a busy machine the time can be over before the first token.
        while (response.statusCode() == 504) {
            seconds *= 2;
            response = late(seconds, endless, body);
        }
        List<JsonNode> events = events(response);
        JsonNode last = events.get(events.size() - 1);
        assertThat(last.path("type").asText()).isEqualTo("response.failed");
        assertThat(last.at("/response/status").asText()).isEqualTo("failed");
        assertThat(last.at("/response/error/code").asText()).isEqualTo("server_error");
        assertThat(last.at("/response/error/message").asText()).isNotEmpty();
    }

    private static HttpResponse<String> late(int seconds, Path model, ObjectNode body) throws Exception {
        try (RunningServer slow = RunningServer.start(
                "--model", model, "--allow-base", "--max-new-tokens", 90000, "--timeout", seconds, "--grace", 0)) {
            return slow.post(PATH, body.toString());
        }
    }
}
