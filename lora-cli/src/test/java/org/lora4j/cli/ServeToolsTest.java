package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Functions over HTTP, with a small model that has learned some conversations by heart. */
class ServeToolsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    static Path temp;

    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        Path model = LearnedTools.write(temp.resolve("learned"));
        server = RunningServer.start("--model", model, "--allow-base");
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
    }

    private static ObjectNode body(String question) throws Exception {
        return (ObjectNode) MAPPER.readTree("""
                {"model": "learned", "temperature": 0, "max_tokens": 200,
                 "messages": [{"role": "user", "content": "%s"}],
                 "tools": [{"type": "function", "function": {"name": "add", "description": "d", "strict": false,
                            "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}},
                           {"type": "function", "function": {"name": "weather"}}]}
                """.formatted(question));
    }

    @Test
    void openAisOwnClientCallsFunctions() {
        OpenAIClient client = server.openAi();
        ChatCompletionCreateParams.Builder ask = ChatCompletionCreateParams.builder()
                .model("learned")
                .temperature(0)
                .maxCompletionTokens(200)
                .addTool(function("add"))
                .addTool(function("weather"))
                .addUserMessage("2+3 and Rome?");
        ChatCompletion.Choice first = client.chat()
                .completions()
                .create(ask.build())
                .validate()
                .choices()
                .get(0);
        assertThat(first.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        ChatCompletionMessage message = first.message();
        assertThat(message.content()).hasValue("Let me look.");
        List<ChatCompletionMessageToolCall> calls = message.toolCalls().orElseThrow();
        assertCalls(calls);

        ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(ask.build())) {
            stream.stream().forEach(whole::accumulate);
        }
        ChatCompletion.Choice streamed = whole.chatCompletion().choices().get(0);
        assertThat(streamed.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        assertThat(streamed.message().content()).hasValue("Let me look.");
        assertCalls(streamed.message().toolCalls().orElseThrow());

        ask.addMessage(message);
        List<String> results = List.of("5", "sun");
        for (int i = 0; i < 2; i++) {
            ask.addMessage(ChatCompletionToolMessageParam.builder()
                    .toolCallId(calls.get(i).asFunction().id())
                    .content(results.get(i))
                    .build());
        }
        ChatCompletion.Choice last = client.chat()
                .completions()
                .create(ask.build())
                .validate()
                .choices()
                .get(0);
        assertThat(last.message().content()).hasValue("5, and sun.");
        assertThat(last.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
    }

    private static ChatCompletionFunctionTool function(String name) {
        return ChatCompletionFunctionTool.builder()
                .function(FunctionDefinition.builder()
                        .name(name)
                        .parameters(FunctionParameters.builder()
                                .putAdditionalProperty("type", JsonValue.from("object"))
                                .putAdditionalProperty("properties", JsonValue.from(Map.of()))
                                .build())
                        .build())
                .build();
    }

    private static void assertCalls(List<ChatCompletionMessageToolCall> calls) {
        assertThat(calls)
                .extracting(call -> call.asFunction().function().name()
                        + call.asFunction().function().arguments())
                .containsExactly("add{\"a\": 2, \"b\": 3}", "weather{\"city\": \"Rome\"}");
        assertThat(calls)
                .extracting(call -> call.asFunction().id())
                .doesNotHaveDuplicates()
                .allMatch(id -> id.matches("[0-9A-Za-z]{9}"));
    }

    /** Those of all tokens of the answer, with the calls. */
    @Test
    void callsHaveLogProbabilities() throws Exception {
        ObjectNode body = body("2+3?").put("logprobs", true).put("top_logprobs", 1);
        JsonNode choice = server.good(CHAT, body.toString()).at("/choices/0");
        assertThat(choice.at("/message/tool_calls")).hasSize(1);
        StringBuilder text = new StringBuilder();
        for (JsonNode token : choice.at("/logprobs/content")) {
            text.append(token.path("token").asText());
            assertThat(token.path("top_logprobs")).hasSize(1);
        }
        assertThat(text.toString())
                .isEqualTo("<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 2, \"b\": 3}}\n</tool_call>");
    }

    @Test
    void anAnswerWithoutCallsIsText() throws Exception {
        JsonNode choice = server.good(CHAT, body("hi").toString()).at("/choices/0");
        assertThat(choice.at("/message/content").asText()).isEqualTo("Hello.");
        assertThat(choice.path("message").has("tool_calls")).isFalse();
        assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
    }

    @Test
    void callsWithoutTextHaveNoContent() throws Exception {
        JsonNode choice = server.good(CHAT, body("2+3?").toString()).at("/choices/0");
        assertThat(choice.at("/message/content").isNull()).isTrue();
        assertThat(choice.at("/message/tool_calls")).hasSize(1);
        assertThat(choice.at("/message/tool_calls/0/type").asText()).isEqualTo("function");
    }

    /** What is cut off is no call. */
    @Test
    void anUnfinishedCallIsText() throws Exception {
        ObjectNode body = body("2+3?").put("max_tokens", 40);
        JsonNode choice = server.good(CHAT, body.toString()).at("/choices/0");
        assertThat(choice.at("/message/content").asText()).startsWith("<tool_call>\n{\"name\": \"add\", ");
        assertThat(choice.path("message").has("tool_calls")).isFalse();
        assertThat(choice.path("finish_reason").asText()).isEqualTo("length");
    }

    @Test
    void eachAnswerHasItsOwnCalls() throws Exception {
        JsonNode answer = server.good(CHAT, body("2+3?").put("n", 2).toString());
        List<String> ids = new ArrayList<>();
        answer.path("choices").forEach(choice -> {
            assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
            ids.add(choice.at("/message/tool_calls/0/id").asText());
        });
        assertThat(ids).hasSize(2).doesNotHaveDuplicates();
    }

    /** The template does not show the functions then, and a mark is a special token as all others. */
    @Test
    void noFunctionIsCalledIfTheChoiceIsNone() throws Exception {
        ObjectNode none = body("2+3?").put("tool_choice", "none");
        ObjectNode without = body("2+3?");
        without.remove("tools");
        JsonNode answer = server.good(CHAT, none.toString());
        assertThat(answer.path("choices"))
                .isEqualTo(server.good(CHAT, without.toString()).path("choices"));
        assertThat(answer.at("/choices/0/message/content").asText())
                .isEqualTo("\n{\"name\": \"add\", \"arguments\": {}}");
        assertThat(server.good(CHAT, body("2+3?").put("tool_choice", "auto").toString())
                        .at("/choices/0/finish_reason")
                        .asText())
                .isEqualTo("tool_calls");
    }

    /** It would say hello. */
    @Test
    void aCallCanBeRequired() throws Exception {
        ObjectNode any = body("hi").put("tool_choice", "required");
        ObjectNode named = body("hi");
        named.putObject("tool_choice")
                .put("type", "function")
                .putObject("function")
                .put("name", "add");
        for (ObjectNode asked : List.of(any, named)) {
            JsonNode choice = server.good(CHAT, asked.toString()).at("/choices/0");
            assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
            assertThat(choice.at("/message/content").isNull()).isTrue();
            assertThat(choice.at("/message/tool_calls")).isNotEmpty();
            JsonNode function = choice.at("/message/tool_calls/0/function");
            assertThat(function.path("name").asText()).isIn("add", "weather");
            JsonNode arguments = MAPPER.readTree(function.path("arguments").asText());
            assertThat(arguments.isObject()).isTrue();
            if (asked.path("tool_choice").isObject()) {
                assertThat(choice.at("/message/tool_calls")).hasSize(1);
                assertThat(function.path("name").asText()).isEqualTo("add");
                // The schema has this one alone, and does not require it.
                assertThat(arguments.size()).isLessThanOrEqualTo(1);
                assertThat(arguments.path("a").isMissingNode()
                                || arguments.path("a").isIntegralNumber())
                        .isTrue();
            }
        }
        ObjectNode few = body("hi").put("tool_choice", "required").put("max_tokens", 5);
        HttpResponse<String> response = server.post(CHAT, few.toString());
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.body()).contains("maxTokens must be at least");
    }

    /** The model chooses to call, and has learned other arguments. */
    @Test
    void theArgumentsOfStrictFunctionsFit() throws Exception {
        ObjectNode body = body("2+3?");
        JsonNode learned = server.good(CHAT, body.toString()).at("/choices/0/message");
        assertThat(learned.at("/tool_calls/0/function/arguments").asText()).isEqualTo("{\"a\": 2, \"b\": 3}");
        ((ObjectNode) body.at("/tools/0/function")).put("strict", true);
        JsonNode choice = server.good(CHAT, body.toString()).at("/choices/0");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
        JsonNode function = choice.at("/message/tool_calls/0/function");
        assertThat(function.path("name").asText()).isEqualTo("add");
        assertThat(function.path("arguments").asText()).isEqualTo("{\"a\": 2}");
        assertThat(choice.at("/message/content")).isEqualTo(learned.path("content"));
        body.put("max_tokens", 3);
        assertThat(server.good(CHAT, body.toString())
                        .at("/choices/0/finish_reason")
                        .asText())
                .isEqualTo("length");
    }

    /** The model has not learned it. */
    @Test
    void anAnswerFitsItsSchema() throws Exception {
        for (String format : List.of(
                "{\"type\": \"json_schema\", \"json_schema\": {\"name\": \"n\", \"strict\": true, \"schema\": {\"type\": \"object\","
                        + " \"properties\": {\"count\": {\"type\": \"integer\"}, \"unit\": {\"enum\": [\"m\", \"km\"]}},"
                        + " \"required\": [\"count\", \"unit\"], \"additionalProperties\": false}}}",
                "{\"type\": \"json_object\"}")) {
            for (int seed = 0; seed < 4; seed++) {
                ObjectNode body = body("how far?")
                        .put("temperature", 1.5)
                        .put("seed", seed)
                        .put("max_tokens", 60);
                body.remove("tools");
                body.set("response_format", MAPPER.readTree(format));
                String text = server.good(CHAT, body.toString())
                        .at("/choices/0/message/content")
                        .asText();
                JsonNode json = MAPPER.readTree(text);
                assertThat(json.isObject()).as(text).isTrue();
                if (format.contains("unit")) {
                    assertThat(json.path("count").isIntegralNumber()).isTrue();
                    assertThat(json.path("unit").asText()).isIn("m", "km");
                }
            }
        }
        ObjectNode wrong = body("hi");
        wrong.remove("tools");
        wrong.set(
                "response_format",
                MAPPER.readTree(
                        "{\"type\": \"json_schema\", \"json_schema\": {\"schema\": {\"type\": \"array\", \"uniqueItems\": true}}}"));
        assertThat(RunningServer.json(server.post(CHAT, wrong.toString()))
                        .at("/error/message")
                        .asText())
                .startsWith("response_format.json_schema.schema: ")
                .contains("uniqueItems");
    }

    private static List<String> annotations(String path, ObjectNode body) throws Exception {
        HttpResponse<String> response = server.post(path, body.toString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.headers().allValues("x-lora-annotations");
    }

    /** A keyword that no draft knows has no effect, which a client should know. */
    @Test
    void aHeaderNamesWhatHasNoEffectInASchema() throws Exception {
        ObjectNode body = body("how far?").put("max_tokens", 60).put("n", 2);
        assertThat(annotations(CHAT, body)).isEmpty();
        body.remove("tools");
        JsonNode format = MAPPER.readTree(
                "{\"type\": \"json_schema\", \"json_schema\": {\"schema\": {\"type\": \"integer\", \"x-unit\": \"km\", \"format\": \"odd\"}}}");
        body.set("response_format", format);
        // The second one is not compiled any more.
        for (boolean isStream : List.of(false, true)) {
            assertThat(annotations(CHAT, body.put("stream", isStream))).containsExactly("x-unit,format:%20odd");
        }
        ObjectNode tools = body("hi").put("tool_choice", "required");
        ((ObjectNode) tools.at("/tools/0/function/parameters")).put("x-order", 1);
        assertThat(annotations(CHAT, tools)).containsExactly("x-order");
        ObjectNode response = MAPPER.createObjectNode().put("model", "learned").put("input", "how far?");
        ObjectNode inside = ((ObjectNode) format.path("json_schema"))
                .put("type", "json_schema")
                .put("name", "n");
        response.put("max_output_tokens", 60).putObject("text").set("format", inside);
        for (boolean isStream : List.of(false, true)) {
            assertThat(annotations("/v1/responses", response.put("stream", isStream)))
                    .containsExactly("x-unit,format:%20odd");
        }
    }

    private static ObjectNode withConstant(int length) throws Exception {
        ObjectNode body = body("hi").put("max_tokens", 20);
        body.remove("tools");
        body.putObject("response_format")
                .put("type", "json_schema")
                .putObject("json_schema")
                .putObject("schema")
                .put("const", "x".repeat(length));
        return body;
    }

    @Test
    void schemasThatCannotBeginFillNoMemory() throws Exception {
        for (int i = 0; i < 8; i++) {
            HttpResponse<String> refused =
                    server.post(CHAT, withConstant(5_000 + i).toString());
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(RunningServer.json(refused).at("/error/message").asText())
                    .contains("maxTokens must be at least");
        }
        double before = server.figure("lora_grammars_bytes");
        assertThat(before).isLessThan(2_000_000);
        server.good(CHAT, withConstant(8).toString());
        assertThat(server.figure("lora_grammars_bytes")).isGreaterThan(before);
    }

    /** The model chooses. */
    @Test
    void anAnswerIsACallOrJson() throws Exception {
        String format = """
                {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object",
                 "properties": {"unit": {"enum": ["m", "km"]}}, "required": ["unit"], "additionalProperties": false}}}""";
        ObjectNode sum = body("2+3?");
        sum.set("response_format", MAPPER.readTree(format));
        JsonNode call = server.good(CHAT, sum.toString()).at("/choices/0");
        assertThat(call.path("finish_reason").asText()).isEqualTo("tool_calls");
        assertThat(call.at("/message/tool_calls/0/function/name").asText()).isEqualTo("add");
        // Without the token that begins a call.
        sum.putObject("logit_bias").put("258", -100);
        JsonNode json = server.good(CHAT, sum.toString()).at("/choices/0");
        assertThat(json.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(json.at("/message/tool_calls").isMissingNode()).isTrue();
        String text = json.at("/message/content").asText();
        assertThat(MAPPER.readTree(text).path("unit").asText()).isIn("m", "km");
        ObjectNode wrong = body("hi");
        wrong.set("response_format", MAPPER.readTree(format.replace("\"enum\"", "\"not\"")));
        HttpResponse<String> refused = server.post(CHAT, wrong.toString());
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("#/properties/unit/not");
    }

    @Test
    void anAnswerIsOneCallOrJsonWithoutParallelCalls() throws Exception {
        ObjectNode both = body("2+3 and Rome?");
        both.putObject("response_format").put("type", "json_object");
        // The token that begins a call is wanted, and the end is not.
        both.putObject("logit_bias").put("258", 100).put("257", -100);
        assertThat(server.good(CHAT, both.toString()).at("/choices/0/message/tool_calls"))
                .hasSizeGreaterThan(1);
        both.put("parallel_tool_calls", false);
        assertThat(server.good(CHAT, both.toString()).at("/choices/0/message/tool_calls"))
                .hasSize(1);
    }

    private static JsonNode calls(ObjectNode body) throws Exception {
        return server.good(CHAT, body.toString()).at("/choices/0/message/tool_calls");
    }

    @Test
    void onlyTheAllowedToolsAreCalled() throws Exception {
        for (String choice : List.of(
                "{\"type\": \"allowed_tools\", \"mode\": \"required\", \"tools\": [{\"type\": \"function\", \"name\": \"add\"}]}",
                "{\"type\": \"allowed_tools\", \"allowed_tools\": {\"mode\": \"required\","
                        + " \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"add\"}}]}}")) {
            ObjectNode body = body("2+3 and Rome?");
            body.set("tool_choice", MAPPER.readTree(choice));
            assertThat(calls(body))
                    .isNotEmpty()
                    .allSatisfy(call ->
                            assertThat(call.at("/function/name").asText()).isEqualTo("add"));
            body.set("tool_choice", MAPPER.readTree(choice.replace("required", "auto")));
            assertThat(server.good(CHAT, body.toString())
                            .at("/choices/0/message/role")
                            .asText())
                    .isEqualTo("assistant");
        }
    }

    @Test
    void anAnswerEndsAfterItsOnlyCall() throws Exception {
        ObjectNode body = body("2+3 and Rome?");
        assertThat(calls(body)).hasSize(2);
        body.put("parallel_tool_calls", false);
        JsonNode choice = server.good(CHAT, body.toString()).at("/choices/0");
        assertThat(choice.at("/message/tool_calls")).hasSize(1);
        assertThat(choice.at("/message/content").asText()).isEqualTo("Let me look.");
        assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
        String stream = server.post(CHAT, body.put("stream", true).toString()).body();
        assertThat(stream)
                .contains("\"name\":\"add\"", "\"finish_reason\":\"tool_calls\"")
                .doesNotContain("weather");
    }

    /** The prompt begins thoughts that the model does not end. */
    @Test
    void whatIsThoughtIsToldApart() throws Exception {
        Path thinking = temp.resolve("thinking");
        Files.createDirectories(thinking);
        try (Stream<Path> files = Files.list(temp.resolve("learned"))) {
            for (Path file : files.toList()) {
                Files.copy(file, thinking.resolve(file.getFileName()));
            }
        }
        Path template = thinking.resolve("chat_template.jinja");
        Files.writeString(
                template,
                Files.readString(template)
                        + "{% if add_generation_prompt %}<think>{% else %}{% for m in messages %}{{ m.reasoning_content }}{% endfor %}"
                        + "</think>{% endif %}");
        try (RunningServer other = RunningServer.start("--model", thinking, "--allow-base")) {
            ObjectNode body = body("hi").put("model", "thinking").put("max_tokens", 12);
            body.putObject("logit_bias").put("257", -100);
            JsonNode message = other.good(CHAT, body.toString()).at("/choices/0/message");
            String thoughts = message.path("reasoning_content").asText();
            assertThat(thoughts).isNotEmpty();
            assertThat(message.path("content").asText()).isEmpty();
            StringBuilder streamed = new StringBuilder();
            other.post(CHAT, body.put("stream", true).toString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith("data: {"))
                    .forEach(line -> streamed.append(parsed(line.substring(6))
                            .at("/choices/0/delta/reasoning_content")
                            .asText()));
            assertThat(streamed).hasToString(thoughts);
            // A grammar knows no thoughts.
            ObjectNode forced = body("hi").put("model", "thinking").put("tool_choice", "required");
            JsonNode calling = other.good(CHAT, forced.toString()).at("/choices/0/message");
            assertThat(calling.path("tool_calls")).isNotEmpty();
            assertThat(calling.has("reasoning_content")).isFalse();
            ObjectNode response = (ObjectNode) MAPPER.readTree(
                    "{\"model\": \"thinking\", \"temperature\": 0, \"max_output_tokens\": 12, \"input\": \"hi\"}");
            response.set("logit_bias", body.path("logit_bias"));
            JsonNode output = other.good("/v1/responses", response.toString()).path("output");
            assertThat(output.at("/0/type").asText()).isEqualTo("reasoning");
            assertThat(output.at("/0/content/0/text").asText()).isNotEmpty();
        }
    }

    private static JsonNode parsed(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/tools | {} | tools must be a list of functions",
                "/tools | [{\"type\": \"web_search\"}] | tools[0].type must be function",
                "/tools | [{\"type\": \"function\", \"function\": {\"name\": \"a b\"}}] | the name of a tool must have 1 to 64 letters",
                "/tools | [{\"type\": \"function\", \"function\": {\"name\": \"a\", \"parameters\": {\"type\": \"array\"}}}] | with the type object",
                "/tools | [{\"type\": \"function\", \"function\": {\"name\": \"a\", \"cache\": 1}}] | tools[0].function.cache",
                "/tool_choice | \"always\" | tool_choice must be auto, none, required, or an object with the name of a function",
                "/tool_choice | {\"type\": \"allowed_tools\", \"mode\": \"always\", \"tools\": []} | tool_choice.mode must be auto or required",
                "/tool_choice | {\"type\": \"allowed_tools\", \"mode\": \"auto\", \"tools\": []} | tool_choice.tools must be a list of at least one function",
                "/tool_choice | {\"type\": \"allowed_tools\", \"allowed_tools\": {\"mode\": \"auto\", \"tools\": [{\"type\": \"function\", \"name\": \"nobody\"}]}} | tool_choice.allowed_tools.tools[0] must be a function of the tools of the request",
                "/messages | [{\"role\": \"assistant\", \"content\": \"a\", \"reasoning_content\": 1}] | messages[0].reasoning_content must be a text",
                "/messages | [{\"role\": \"user\", \"content\": \"a\", \"reasoning_content\": \"b\"}] | messages[0].reasoning_content",
                "/tool_choice | {\"type\": \"function\", \"function\": {\"name\": \"nobody\"}} | tool_choice: a call must be one of the tools of the conversation, found 'nobody'",
                "/response_format | {\"type\": \"xml\"} | response_format must be an object with the type text, json_object or json_schema",
                "/messages | [{\"role\": \"tool\", \"tool_call_id\": \"1\", \"content\": \"5\"}] | messages[0].tool_call_id must be the id of a call in a message before",
                "/messages | [{\"role\": \"assistant\", \"tool_calls\": [{\"id\": \"1\", \"type\": \"function\", \"function\": {\"name\": \"a\", \"arguments\": \"{\"}}]}] | messages[0].tool_calls[0].function: the arguments",
                "/messages | [{\"role\": \"assistant\", \"tool_calls\": [{\"type\": \"function\", \"function\": {\"name\": \"a\", \"arguments\": \"{}\"}}]}] | messages[0].tool_calls[0].id must be a text",
                "/messages | [{\"role\": \"assistant\", \"tool_calls\": 1}] | messages[0].tool_calls must be a list of calls",
                "/messages | [{\"role\": \"user\", \"content\": \"a\", \"tool_calls\": [1]}] | messages[0].tool_calls",
            })
    void whatIsWrongIsNamed(String field, String value, String message) throws Exception {
        ObjectNode body = body("2+3?");
        body.set(field.substring(1), MAPPER.readTree(value));
        HttpResponse<String> response = server.post(CHAT, body.toString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(RunningServer.json(response).at("/error/message").asText()).contains(message);
    }

    /** Else the model would not know them. */
    @Test
    void aTemplateThatKnowsNoToolsIsRefused() throws Exception {
        Path plain = SmallModels.llama(temp.resolve("plain"), 1);
        try (RunningServer other = RunningServer.start("--model", plain, "--allow-base")) {
            HttpResponse<String> response =
                    other.post(CHAT, body("hi").put("model", "plain").toString());
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body())
                    .contains("tools need a chat template that writes calls in a form that is known");
        }
    }
}
