package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.responses.EasyInputMessage;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseOutputItem;
import com.openai.models.responses.ResponseStreamEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.text.fixtures.TeaShop;
import org.lora4j.text.tools.Tool;

/** OpenAI's own client and the chat model of the repository: a question, its call, the result, and the answer. */
class ServeTeaShopTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static RunningServer server;
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws InterruptedException {
        server = RunningServer.start("--model", TeaShop.MODEL, "--adapters", TeaShop.ADAPTERS, "--allow-base");
        client = server.openAi();
    }

    @AfterAll
    static void stop() {
        client.close();
        assertThat(server.stop()).isZero();
    }

    /** The name of a model, and what it is asked. */
    static Stream<Arguments> trips() {
        return TeaShop.TRIPS.stream()
                .flatMap(trip -> Stream.of("tea-shop", "pirate")
                        .filter(model -> !expected(model, trip).isEmpty())
                        .map(model -> Arguments.of(model, trip)));
    }

    private static String expected(String model, TeaShop.Trip trip) {
        return model.equals("pirate") ? trip.pirate() : trip.answer();
    }

    private static Map<String, Object> read(String arguments) {
        try {
            return MAPPER.readValue(arguments, new TypeReference<>() {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ChatCompletionCreateParams.Builder chat(String model, String question) {
        ChatCompletionCreateParams.Builder ask =
                ChatCompletionCreateParams.builder().model(model).temperature(0).addUserMessage(question);
        for (Tool tool : TeaShop.TOOLS) {
            FunctionParameters.Builder parameters = FunctionParameters.builder();
            tool.parameters().forEach((key, value) -> parameters.putAdditionalProperty(key, JsonValue.from(value)));
            ask.addFunctionTool(FunctionDefinition.builder()
                    .name(tool.name())
                    .description(tool.description())
                    .parameters(parameters.build())
                    .build());
        }
        return ask;
    }

    private static ChatCompletion.Choice answer(ChatCompletionCreateParams ask, boolean streams) {
        if (!streams) {
            return client.chat().completions().create(ask).validate().choices().get(0);
        }
        ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(ask)) {
            stream.stream().forEach(whole::accumulate);
        }
        return whole.chatCompletion().choices().get(0);
    }

    @ParameterizedTest
    @MethodSource("trips")
    void aChatCallsAFunctionAndAnswersWithItsResult(String model, TeaShop.Trip trip) {
        for (boolean streams : List.of(false, true)) {
            ChatCompletionCreateParams.Builder ask = chat(model, trip.question());
            ChatCompletion.Choice choice = answer(ask.build(), streams);
            List<String> called = new ArrayList<>();
            if (choice.finishReason().equals(ChatCompletion.Choice.FinishReason.TOOL_CALLS)) {
                ChatCompletionMessage message = choice.message();
                ask.addMessage(message);
                for (ChatCompletionMessageToolCall call : message.toolCalls().orElseThrow()) {
                    ChatCompletionMessageFunctionToolCall.Function function =
                            call.asFunction().function();
                    Map<String, Object> arguments = read(function.arguments());
                    called.add(TeaShop.call(function.name(), arguments));
                    ask.addMessage(ChatCompletionToolMessageParam.builder()
                            .toolCallId(call.asFunction().id())
                            .content(TeaShop.result(function.name(), arguments))
                            .build());
                }
                choice = answer(ask.build(), streams);
            }
            assertThat(String.join(" ", called)).isEqualTo(trip.call());
            assertThat(choice.message().content()).hasValue(expected(model, trip));
            assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
        }
    }

    private static ResponseCreateParams.Builder response(String model) {
        ResponseCreateParams.Builder ask =
                ResponseCreateParams.builder().model(model).temperature(0).store(false);
        for (Tool tool : TeaShop.TOOLS) {
            FunctionTool.Parameters.Builder parameters = FunctionTool.Parameters.builder();
            tool.parameters().forEach((key, value) -> parameters.putAdditionalProperty(key, JsonValue.from(value)));
            ask.addTool(FunctionTool.builder()
                    .name(tool.name())
                    .description(tool.description())
                    .strict(false)
                    .parameters(parameters.build())
                    .build());
        }
        return ask;
    }

    private static List<ResponseOutputItem> output(ResponseCreateParams ask, boolean streams) {
        if (!streams) {
            return client.responses().create(ask).validate().output();
        }
        ResponseAccumulator whole = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(ask)) {
            stream.stream().forEach(event -> whole.accumulate(event.validate()));
        }
        Response response = whole.response();
        return response.output();
    }

    @ParameterizedTest
    @MethodSource("trips")
    void aResponseCallsAFunctionAndAnswersWithItsResult(String model, TeaShop.Trip trip) {
        for (boolean streams : List.of(false, true)) {
            List<ResponseInputItem> input = new ArrayList<>();
            input.add(ResponseInputItem.ofEasyInputMessage(EasyInputMessage.builder()
                    .role(EasyInputMessage.Role.USER)
                    .content(trip.question())
                    .build()));
            List<ResponseOutputItem> output =
                    output(response(model).inputOfResponse(input).build(), streams);
            List<String> called = new ArrayList<>();
            for (ResponseOutputItem item : output) {
                if (item.isFunctionCall()) {
                    ResponseFunctionToolCall call = item.asFunctionCall();
                    Map<String, Object> arguments = read(call.arguments());
                    called.add(TeaShop.call(call.name(), arguments));
                    input.add(ResponseInputItem.ofFunctionCall(call));
                    input.add(ResponseInputItem.ofFunctionCallOutput(ResponseInputItem.FunctionCallOutput.builder()
                            .callId(call.callId())
                            .output(TeaShop.result(call.name(), arguments))
                            .build()));
                }
            }
            if (!called.isEmpty()) {
                output = output(response(model).inputOfResponse(input).build(), streams);
            }
            assertThat(String.join(" ", called)).isEqualTo(trip.call());
            assertThat(output).hasSize(1);
            assertThat(output.get(0).asMessage().content().get(0).asOutputText().text())
                    .isEqualTo(expected(model, trip));
        }
    }

    /** A class whose schema the client makes, which a call must fit: the server holds it. */
    @JsonTypeName("book_tasting")
    @JsonClassDescription("Book a tasting for some people.")
    static final class Tasting {
        @JsonProperty
        String day = "";

        @JsonProperty
        int people;
    }

    @Test
    void aClassOfTheProgramIsAFunction() {
        ChatCompletionCreateParams.Builder ask = ChatCompletionCreateParams.builder()
                .model("tea-shop")
                .temperature(0)
                .addUserMessage(TeaShop.TASTING.question())
                .addTool(Tasting.class);
        ChatCompletionMessage message = answer(ask.build(), false).message();
        ChatCompletionMessageFunctionToolCall call =
                message.toolCalls().orElseThrow().get(0).asFunction();
        Tasting tasting = Objects.requireNonNull(call.function().arguments(Tasting.class));
        assertThat(tasting.day).isEqualTo("Friday");
        assertThat(tasting.people).isEqualTo(4);
        ask.addMessage(message);
        ask.addMessage(ChatCompletionToolMessageParam.builder()
                .toolCallId(call.id())
                .content(TeaShop.result("book_tasting", Map.of("day", tasting.day)))
                .build());
        assertThat(answer(ask.build(), false).message().content()).hasValue(TeaShop.TASTING.answer());
    }
}
