package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.agent.tool.ToolSpecifications;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import dev.langchain4j.service.output.JsonSchemas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.LearnedChats;
import org.lora4j.fixtures.Patience;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.train.Batch;

/** Methods that a small model calls, because it has learned some conversations by heart. */
class ToolsTest {
    private static final String SUM = "2+3?";
    private static final String BOTH = "2+3 and Rome?";
    private static final String THANKS = "hi";
    private static final String STOCKS = "stocks?";

    @TempDir
    static Path temp;

    private static LoRAChatModel model;

    /** What the model calls. */
    static final class Calculator {
        private final List<String> called = new ArrayList<>();

        @Tool("adds two numbers")
        int add(@P("the first number") int a, @P("the second number") int b) {
            called.add("add " + a + " " + b);
            return a + b;
        }

        @Tool("tells the weather of a city")
        String weather(@P("the name of the city") String city) {
            called.add("weather " + city);
            return "sun";
        }
    }

    /** An assistant of AiServices. */
    interface Assistant {
        String answer(String question);
    }

    /** The same, part by part. */
    interface StreamingAssistant {
        TokenStream answer(String question);
    }

    @BeforeAll
    static void learn() throws IOException {
        List<org.lora4j.text.tools.Tool> tools = ToolInput.tools(specifications());
        ToolCall sum = ToolCall.of("add", "{\"a\": 2, \"b\": 3}");
        ToolCall rome = ToolCall.of("weather", "{\"city\": \"Rome\"}");
        // A function that there is not.
        ToolCall stocks = ToolCall.of("stocks", "{}");
        List<Conversation> learned = List.of(
                chat(
                        org.lora4j.text.chat.ChatMessage.of("user", SUM),
                        org.lora4j.text.chat.ChatMessage.ofToolCalls(null, List.of(sum)),
                        org.lora4j.text.chat.ChatMessage.ofToolResult(sum, "5"),
                        org.lora4j.text.chat.ChatMessage.of("assistant", "It is 5.")),
                chat(
                        org.lora4j.text.chat.ChatMessage.of("user", BOTH),
                        org.lora4j.text.chat.ChatMessage.ofToolCalls("Let me look.", List.of(sum, rome)),
                        org.lora4j.text.chat.ChatMessage.ofToolResult(sum, "5"),
                        org.lora4j.text.chat.ChatMessage.ofToolResult(rome, "sun"),
                        org.lora4j.text.chat.ChatMessage.of("assistant", "5, and sun.")),
                chat(
                        org.lora4j.text.chat.ChatMessage.of("user", STOCKS),
                        org.lora4j.text.chat.ChatMessage.ofToolCalls(null, List.of(stocks)),
                        org.lora4j.text.chat.ChatMessage.ofToolResult(stocks, "There is no function stocks."),
                        org.lora4j.text.chat.ChatMessage.of("assistant", "No idea.")),
                chat(
                        org.lora4j.text.chat.ChatMessage.of("user", THANKS),
                        org.lora4j.text.chat.ChatMessage.of("assistant", "Hello.")));
        model = LoRAChatModel.builder(LearnedChats.write(
                        temp.resolve("learned"),
                        folder -> batch(
                                folder,
                                learned.stream()
                                        .map(one -> one.withTools(tools))
                                        .toList())))
                .temperature(0)
                .maxOutputTokens(200)
                .build();
    }

    /** What the model learns of conversations: the messages of the assistant. */
    private static Batch batch(Path folder, List<Conversation> conversations) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(folder)) {
            DecoderTokens tokens = opened.tokens();
            return TokenExample.batch(
                    conversations.stream().map(tokens::conversation).toList());
        }
    }

    private static Conversation chat(org.lora4j.text.chat.ChatMessage... messages) {
        return Conversation.of(messages);
    }

    private static List<ToolSpecification> specifications() {
        // In an order of their own.
        return ToolSpecifications.toolSpecificationsFrom(Calculator.class).stream()
                .sorted((one, other) -> one.name().compareTo(other.name()))
                .toList();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static ChatRequest.Builder request(ChatMessage... messages) {
        return ChatRequest.builder().messages(messages).toolSpecifications(specifications());
    }

    @Test
    void aServiceOfLangChain4jCallsTheMethods() {
        for (String question : List.of(SUM, BOTH, THANKS)) {
            Calculator calculator = new Calculator();
            Assistant assistant = AiServices.builder(Assistant.class)
                    .chatModel(model)
                    .tools(calculator)
                    .build();
            String answer = assistant.answer(question);
            switch (question) {
                case SUM -> {
                    assertThat(answer).isEqualTo("It is 5.");
                    assertThat(calculator.called).containsExactly("add 2 3");
                }
                case BOTH -> {
                    assertThat(answer).isEqualTo("5, and sun.");
                    assertThat(calculator.called).containsExactly("add 2 3", "weather Rome");
                }
                default -> {
                    assertThat(answer).isEqualTo("Hello.");
                    assertThat(calculator.called).isEmpty();
                }
            }
        }
    }

    /** The page shows what the program does then. */
    @Test
    void theModelLearnsThatThereIsNoSuchFunction() {
        LoRAChatModel chat = model;
        Calculator calculator = new Calculator();
        // spotless:off
        Assistant assistant = AiServices.builder(Assistant.class)
                .chatModel(chat)
                .tools(calculator)
                .hallucinatedToolNameStrategy(call ->
                        ToolExecutionResultMessage.from(call, "There is no function " + call.name() + "."))
                .build();
        // spotless:on
        assertThat(assistant.answer(STOCKS)).isEqualTo("No idea.");
        Assistant strict = AiServices.builder(Assistant.class)
                .chatModel(chat)
                .tools(calculator)
                .build();
        assertThatExceptionOfType(RuntimeException.class)
                .isThrownBy(() -> strict.answer(STOCKS))
                .withMessageContaining("stocks");
    }

    @Test
    void aStreamingServiceCallsTheMethods() throws Exception {
        Calculator calculator = new Calculator();
        StringBuilder text = new StringBuilder();
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        AiServices.builder(StreamingAssistant.class)
                .streamingChatModel(model.streaming())
                .tools(calculator)
                .build()
                .answer(BOTH)
                .onPartialResponse(text::append)
                .onCompleteResponse(whole::complete)
                .onError(whole::completeExceptionally)
                .start();
        assertThat(Patience.get(whole).aiMessage().text()).isEqualTo("5, and sun.");
        assertThat(text.toString()).isEqualTo("Let me look.5, and sun.");
        assertThat(calculator.called).containsExactly("add 2 3", "weather Rome");
    }

    @Test
    void anAnswerHasTheCallsAndTheTextBesideThem() {
        ChatResponse response = model.chat(request(UserMessage.from(BOTH)).build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        AiMessage answer = response.aiMessage();
        assertThat(answer.text()).isEqualTo("Let me look.");
        assertThat(answer.toolExecutionRequests())
                .extracting(ToolExecutionRequest::name, ToolExecutionRequest::arguments)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("add", "{\"a\": 2, \"b\": 3}"),
                        org.assertj.core.groups.Tuple.tuple("weather", "{\"city\": \"Rome\"}"));
        assertThat(answer.toolExecutionRequests())
                .extracting(ToolExecutionRequest::id)
                .doesNotHaveDuplicates()
                .allMatch(id -> id.matches("[0-9A-Za-z]{9}"));
        ToolExecutionRequest first = answer.toolExecutionRequests().get(0);
        ToolExecutionRequest second = answer.toolExecutionRequests().get(1);
        ChatResponse last = model.chat(request(
                        UserMessage.from(BOTH),
                        answer,
                        ToolExecutionResultMessage.from(first, "5"),
                        ToolExecutionResultMessage.from(second, "sun"))
                .build());
        assertThat(last.aiMessage().text()).isEqualTo("5, and sun.");
        assertThat(last.finishReason()).isEqualTo(FinishReason.STOP);
    }

    @Test
    void errorsAndThoughtsAreGivenToTheTemplate() {
        ToolExecutionRequest call = ToolExecutionRequest.builder()
                .id("call00001")
                .name("add")
                .arguments("{}")
                .build();
        ToolExecutionResultMessage failed = ToolExecutionResultMessage.builder()
                .id("call00001")
                .toolName("add")
                .text("no \"b\"")
                .isError(true)
                .build();
        AiMessage asked = AiMessage.builder()
                .thinking("Hm.")
                .toolExecutionRequests(List.of(call))
                .build();
        List<org.lora4j.text.chat.ChatMessage> messages = ChatInput.conversation(
                        List.of(UserMessage.from("2+3?"), asked, failed), List.of())
                .messages();
        assertThat(messages.get(1).more()).containsEntry("reasoning_content", "Hm.");
        assertThat(messages.get(2).content()).isEqualTo("{\"error\":\"no \\\"b\\\"\"}");
    }

    @Test
    void aStreamHasThePiecesOfEachCallWithItsId() throws Exception {
        List<PartialToolCall> pieces = new ArrayList<>();
        List<CompleteToolCall> calls = new ArrayList<>();
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        model.streaming().chat(request(UserMessage.from(BOTH)).build(), new StreamingChatResponseHandler() {
            @Override
            public void onPartialToolCall(PartialToolCall piece) {
                pieces.add(piece);
            }

            @Override
            public void onCompleteToolCall(CompleteToolCall call) {
                calls.add(call);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                whole.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                whole.completeExceptionally(error);
            }
        });
        ChatResponse response = Patience.get(whole);
        assertThat(calls).hasSize(2);
        for (int i = 0; i < 2; i++) {
            ToolExecutionRequest request =
                    response.aiMessage().toolExecutionRequests().get(i);
            assertThat(calls.get(i).index()).isEqualTo(i);
            assertThat(calls.get(i).toolExecutionRequest()).isEqualTo(request);
            StringBuilder arguments = new StringBuilder();
            for (PartialToolCall piece : pieces) {
                if (piece.index() == i) {
                    assertThat(piece.id()).isEqualTo(request.id());
                    assertThat(piece.name()).isEqualTo(request.name());
                    arguments.append(piece.partialArguments());
                }
            }
            assertThat(arguments.toString()).isEqualTo(request.arguments());
        }
        assertThat(pieces).hasSizeGreaterThan(4);
    }

    /** It would say hello. */
    @Test
    void aCallCanBeRequired() throws Exception {
        ChatRequest request = request(UserMessage.from(THANKS))
                .toolChoice(ToolChoice.REQUIRED)
                .build();
        for (int i = 0; i < 2; i++) {
            ChatResponse response = i == 0 ? model.chat(request) : Received.of(model.streaming(), request);
            assertThat(response.aiMessage().text()).isNull();
            assertThat(response.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
            ToolExecutionRequest call =
                    response.aiMessage().toolExecutionRequests().get(0);
            JsonNode arguments = new ObjectMapper().readTree(call.arguments());
            if (call.name().equals("add")) {
                assertThat(arguments.path("a").isIntegralNumber()).isTrue();
                assertThat(arguments.path("b").isIntegralNumber()).isTrue();
            } else {
                assertThat(call.name()).isEqualTo("weather");
                assertThat(arguments.path("city").isTextual()).isTrue();
            }
        }
        assertThat(model.chat(request(UserMessage.from(SUM))
                                .toolChoice(ToolChoice.REQUIRED)
                                .build())
                        .aiMessage()
                        .toolExecutionRequests())
                .extracting(ToolExecutionRequest::name, ToolExecutionRequest::arguments)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("add", "{\"a\": 2, \"b\": 3}"));
    }

    /** What a call needs. */
    @Test
    void tooFewTokensForACallAreRefused() {
        ChatRequest few = request(UserMessage.from(THANKS))
                .toolChoice(ToolChoice.REQUIRED)
                .maxOutputTokens(5)
                .build();
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> model.chat(few))
                .withMessageContaining("maxTokens must be at least");
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> model.chat(ChatRequest.builder()
                        .messages(UserMessage.from(THANKS))
                        .toolChoice(ToolChoice.REQUIRED)
                        .build()))
                .withMessageContaining("a call must be one of the tools of the conversation, found no tools");
    }

    /** The kinds of animals. */
    enum Kind {
        CAT,
        DOG
    }

    /** What a text says of an animal. */
    record Animal(
            @JsonProperty(required = true) String name,
            @JsonProperty(required = true) int age,
            @JsonProperty(required = true) Kind kind,
            List<String> colours) {}

    /** Reads texts. */
    interface Reader {
        Animal read(String text);

        Kind kind(String text);

        List<Animal> all(String text);
    }

    /** The model has not learned any of it. */
    @Test
    void recordsAndEnumsAreAlwaysWhole() {
        for (double temperature : new double[] {0, 1.5}) {
            Reader reader = AiServices.create(Reader.class, with(temperature));
            Animal animal = reader.read("A cat.");
            assertThat(animal.name()).isNotNull();
            assertThat(animal.kind()).isIn(Kind.CAT, Kind.DOG);
            assertThat(reader.kind("A dog.")).isIn(Kind.CAT, Kind.DOG);
            assertThat(reader.all("Two cats.")).isNotNull();
        }
    }

    /** The same model with other defaults. */
    private static ChatModel with(double temperature) {
        return new ChatModel() {
            @Override
            public ChatResponse doChat(ChatRequest request) {
                return model.doChat(request);
            }

            @Override
            public ChatRequestParameters defaultRequestParameters() {
                return ChatRequestParameters.builder()
                        .modelName("learned")
                        .temperature(temperature)
                        .maxOutputTokens(120)
                        .build();
            }

            @Override
            public Set<Capability> supportedCapabilities() {
                return model.supportedCapabilities();
            }
        };
    }

    @Test
    void anAnswerFitsItsSchema() throws Exception {
        JsonSchema schema = JsonSchema.builder()
                .name("numbers")
                .rootElement(JsonObjectSchema.builder()
                        .addIntegerProperty("count")
                        .addEnumProperty("unit", List.of("m", "km"))
                        .required("count", "unit")
                        .build())
                .build();
        for (ResponseFormat format : List.of(
                ResponseFormat.builder()
                        .type(ResponseFormatType.JSON)
                        .jsonSchema(schema)
                        .build(),
                ResponseFormat.JSON)) {
            ChatResponse response = model.chat(ChatRequest.builder()
                    .messages(UserMessage.from("how far?"))
                    .responseFormat(format)
                    .maxOutputTokens(60)
                    .build());
            JsonNode json = new ObjectMapper().readTree(response.aiMessage().text());
            assertThat(json.isObject()).isTrue();
            if (format.jsonSchema() != null) {
                assertThat(json.path("count").isIntegralNumber()).isTrue();
                assertThat(json.path("unit").asText()).isIn("m", "km");
            }
        }
    }

    /** Records with one name, as a schema has the name of its class. */
    interface Small {
        record Count(int many, short few, Byte least) {}
    }

    /** The same with other types. */
    interface Large {
        record Count(long many, long few, Long least) {}
    }

    /**
     * All that a model gets of a record is its schema, which is the same for an int, a short and a long. So no model can know which
     * numbers fit, and the page says to take {@code long}. If this fails, LangChain4j says it now, and the numbers can be bounded.
     */
    @Test
    void theSchemaOfARecordDoesNotTellAnIntFromALong() {
        ResponseFormat small = formatOf(Small.Count.class);
        assertThat(small).isEqualTo(formatOf(Large.Count.class));
        assertThat(small.jsonSchema().rootElement()).isInstanceOf(JsonObjectSchema.class);
        assertThat(((JsonObjectSchema) small.jsonSchema().rootElement()).properties())
                .containsOnlyKeys("many", "few", "least");
    }

    private static ResponseFormat formatOf(Class<?> type) {
        return ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(JsonSchemas.jsonSchemaFrom(type).orElseThrow())
                .build();
    }

    /** The model chooses: it has learned a call, and its other answers are JSON. */
    @Test
    void anAnswerIsACallOrJson() throws Exception {
        JsonSchema schema = JsonSchema.builder()
                .name("answer")
                .rootElement(JsonObjectSchema.builder()
                        .addEnumProperty("unit", List.of("m", "km"))
                        .required("unit")
                        .build())
                .build();
        ResponseFormat format = ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(schema)
                .build();
        ChatResponse call =
                model.chat(request(UserMessage.from(SUM)).responseFormat(format).build());
        assertThat(call.aiMessage().toolExecutionRequests())
                .extracting(ToolExecutionRequest::name, ToolExecutionRequest::arguments)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("add", "{\"a\": 2, \"b\": 3}"));
        int answers = 0;
        // The choice is random, and most are calls.
        for (int i = 0; i < 20 || (answers == 0 && i < 400); i++) {
            AiMessage answer = model.chat(request(UserMessage.from(THANKS))
                            .responseFormat(format)
                            .temperature(3.0)
                            .build())
                    .aiMessage();
            if (!answer.hasToolExecutionRequests()) {
                assertThat(new ObjectMapper()
                                .readTree(answer.text())
                                .path("unit")
                                .asText())
                        .isIn("m", "km");
                answers++;
            }
        }
        assertThat(answers).isPositive();
    }

    /** The template does not show the tools then, so the prompt is another one. */
    @Test
    void noToolIsShownIfNoneMayBeCalled() {
        ChatResponse with = model.chat(
                request(UserMessage.from(THANKS)).toolChoice(ToolChoice.AUTO).build());
        ChatResponse none = model.chat(
                request(UserMessage.from(THANKS)).toolChoice(ToolChoice.NONE).build());
        ChatResponse without = model.chat(
                ChatRequest.builder().messages(UserMessage.from(THANKS)).build());
        assertThat(none.tokenUsage().inputTokenCount())
                .isEqualTo(without.tokenUsage().inputTokenCount())
                .isLessThan(with.tokenUsage().inputTokenCount());
        assertThat(none.aiMessage()).isEqualTo(without.aiMessage());
    }

    @Test
    void aToolWithoutAParameterIsShown() {
        ToolSpecification now = ToolSpecification.builder().name("now").build();
        assertThat(ToolInput.tools(List.of(now)).get(0).parameters()).containsEntry("type", "object");
    }

    @Test
    void whatIsNoToolIsRefused() {
        ToolSpecification wrong = ToolSpecification.builder().name("no name").build();
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> model.chat(ChatRequest.builder()
                        .messages(UserMessage.from(SUM))
                        .toolSpecifications(wrong)
                        .build()))
                .withMessageContaining("the name of a tool must have 1 to 64 letters");
        ToolExecutionRequest broken = ToolExecutionRequest.builder()
                .id("1")
                .name("add")
                .arguments("{")
                .build();
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> model.chat(
                        request(UserMessage.from(SUM), AiMessage.from(broken)).build()))
                .withMessageContaining("the arguments of the call of add must be a JSON object");
    }

    /** Else the model would not know them. */
    @Test
    void aTemplateThatKnowsNoToolsIsRefused() throws IOException {
        try (LoRAChatModel plain = LoRAChatModel.builder(SmallFolders.decoder(temp.resolve("plain")))
                .build()) {
            assertThatExceptionOfType(InvalidRequestException.class)
                    .isThrownBy(
                            () -> plain.chat(request(UserMessage.from("where")).build()))
                    .withMessageContaining("the chat template of the model plain must write calls of tools");
            assertThat(Objects.requireNonNull(plain.chat(request(UserMessage.from("where"))
                                    .toolChoice(ToolChoice.NONE)
                                    .build())
                            .aiMessage()
                            .text()))
                    .isNotNull();
        }
    }
}
