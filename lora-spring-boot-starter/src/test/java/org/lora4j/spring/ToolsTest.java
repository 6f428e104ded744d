package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.LearnedChats;
import org.lora4j.serve.ServingException;
import org.lora4j.text.ChatMessage;
import org.lora4j.text.Conversation;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.DecoderTokens;
import org.lora4j.text.TokenExample;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.train.Batch;
import org.springframework.ai.chat.client.AdvisorParams;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.converter.BeanOutputConverter;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.support.ToolCallbacks;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.ai.tool.annotation.ToolParam;
import org.springframework.ai.util.json.schema.JsonSchemaGenerator;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Methods that a small model calls, because it has learned some conversations by heart. With Spring AI 1.1 and 2.0. */
class ToolsTest {
    private static final String SUM = "2+3?";
    private static final String BOTH = "2+3 and Rome?";
    private static final String THANKS = "hi";

    @TempDir
    static Path temp;

    private static Path learned;

    private final Calculator calculator = new Calculator();

    /** What the model calls. */
    static final class Calculator {
        private final List<String> called = new ArrayList<>();

        @Tool(description = "adds two numbers")
        int add(
                @ToolParam(description = "the first number") int a,
                @ToolParam(description = "the second number") int b) {
            called.add("add " + a + " " + b);
            return a + b;
        }

        @Tool(description = "tells the weather of a city")
        String weather(@ToolParam(description = "the name of the city") String city) {
            called.add("weather " + city);
            return "sun";
        }

        @Tool(description = "adds two numbers, and its result is the answer", returnDirect = true)
        int sum(
                @ToolParam(description = "the first number") int a,
                @ToolParam(description = "the second number") int b) {
            return a + b;
        }
    }

    @BeforeAll
    static void learn() throws IOException {
        ToolCall sum = ToolCall.of("add", "{\"a\": 2, \"b\": 3}");
        ToolCall rome = ToolCall.of("weather", "{\"city\": \"Rome\"}");
        List<org.lora4j.text.tools.Tool> tools = List.of(tool("add"), tool("weather"));
        List<org.lora4j.text.tools.Tool> direct = List.of(tool("sum"));
        learned = LearnedChats.write(
                temp.resolve("learned"),
                folder -> batch(
                        folder,
                        List.of(
                                Conversation.of(
                                                ChatMessage.of("user", SUM),
                                                ChatMessage.ofToolCalls(null, List.of(sum)),
                                                ChatMessage.ofToolResult(sum, "5"),
                                                ChatMessage.of("assistant", "It is 5."))
                                        .withTools(tools),
                                // The results of methods are JSON.
                                Conversation.of(
                                                ChatMessage.of("user", BOTH),
                                                ChatMessage.ofToolCalls("Let me look.", List.of(sum, rome)),
                                                ChatMessage.ofToolResult(sum, "5"),
                                                ChatMessage.ofToolResult(rome, "\"sun\""),
                                                ChatMessage.of("assistant", "5, and sun."))
                                        .withTools(tools),
                                Conversation.of(
                                                ChatMessage.of("user", SUM),
                                                ChatMessage.ofToolCalls(
                                                        null, List.of(ToolCall.of("sum", "{\"a\": 2, \"b\": 3}"))))
                                        .withTools(direct),
                                Conversation.of(ChatMessage.of("user", THANKS), ChatMessage.of("assistant", "Hello."))
                                        .withTools(tools))));
    }

    /** What the model learns of conversations: the messages of the assistant. */
    private static Batch batch(Path folder, List<Conversation> conversations) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(folder)) {
            DecoderTokens tokens = new DecoderTokens(opened);
            return TokenExample.batch(
                    conversations.stream().map(tokens::conversation).toList());
        }
    }

    private static org.lora4j.text.tools.Tool tool(String name) {
        return org.lora4j.text.tools.Tool.of(name, "", "{\"type\": \"object\"}");
    }

    /** In an order of their own. */
    private ToolCallback[] callbacks(String... names) {
        List<ToolCallback> all = List.of(ToolCallbacks.from(calculator));
        return List.of(names).stream()
                .map(name -> all.stream()
                        .filter(one -> one.getToolDefinition().name().equals(name))
                        .findFirst()
                        .orElseThrow())
                .toArray(ToolCallback[]::new);
    }

    private static void run(Path model, Consumer<ChatModel> test) {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues("lora.model.path=" + model, "lora.serve.allow-base=true")
                .run(context -> test.accept(context.getBean(ChatModel.class)));
    }

    /** Spring AI 2.0 has another method for it, which 1.1 does not have. */
    @SuppressWarnings("removal")
    private ChatClient client(ChatModel model, String... tools) {
        return ChatClient.builder(model).defaultToolCallbacks(callbacks(tools)).build();
    }

    private static Prompt prompt(String text, ToolCallback... tools) {
        return new Prompt(
                text,
                ToolCallingChatOptions.builder()
                        .temperature(0.0)
                        .maxTokens(200)
                        .toolCallbacks(tools)
                        .build());
    }

    @Test
    void aClientCallsTheMethods() {
        run(learned, model -> {
            ChatClient client = client(model, "add", "weather");
            assertThat(client.prompt(prompt(SUM)).call().content()).isEqualTo("It is 5.");
            assertThat(calculator.called).containsExactly("add 2 3");
            assertThat(client.prompt(prompt(BOTH)).call().content()).isEqualTo("5, and sun.");
            assertThat(calculator.called).containsExactly("add 2 3", "add 2 3", "weather Rome");
            assertThat(client.prompt(prompt(THANKS)).call().content()).isEqualTo("Hello.");
            assertThat(calculator.called).hasSize(3);
        });
    }

    @Test
    void aClientStreams() {
        run(learned, model -> {
            String text = Objects.requireNonNull(client(model, "add", "weather").prompt(prompt(BOTH)).stream()
                            .content()
                            .collectList()
                            .block())
                    .stream()
                    .collect(Collectors.joining());
            assertThat(text).endsWith("5, and sun.");
            assertThat(calculator.called).containsExactly("add 2 3", "weather Rome");
        });
    }

    @Test
    void aResultCanBeTheAnswer() {
        run(learned, model -> {
            assertThat(client(model, "sum").prompt(prompt(SUM)).call().content())
                    .isEqualTo("5");
        });
    }

    /** The program executes them: with Spring AI 1.1 if the options say so, with 2.0 always. */
    @Test
    void aProgramCanExecuteTheCalls() {
        run(learned, model -> {
            Prompt first = prompt(BOTH, callbacks("add", "weather"));
            BeanWrapper options = new BeanWrapperImpl(Objects.requireNonNull(first.getOptions()));
            if (options.isWritableProperty("internalToolExecutionEnabled")) {
                options.setPropertyValue("internalToolExecutionEnabled", false);
            }
            ChatResponse asked = model.call(first);
            AssistantMessage answer = Objects.requireNonNull(asked.getResult()).getOutput();
            assertThat(asked.getResult().getMetadata().getFinishReason()).isEqualTo("TOOL_CALLS");
            assertThat(answer.getText()).isEqualTo("Let me look.");
            assertThat(answer.getToolCalls())
                    .extracting(AssistantMessage.ToolCall::name, AssistantMessage.ToolCall::arguments)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple("add", "{\"a\": 2, \"b\": 3}"),
                            org.assertj.core.groups.Tuple.tuple("weather", "{\"city\": \"Rome\"}"));
            assertThat(calculator.called).isEmpty();
            List<ChatResponse> parts =
                    Objects.requireNonNull(model.stream(first).collectList().block());
            assertThat(Objects.requireNonNull(parts.get(parts.size() - 1).getResult())
                            .getOutput()
                            .getToolCalls())
                    .extracting(AssistantMessage.ToolCall::name)
                    .containsExactly("add", "weather");
            List<ToolResponseMessage.ToolResponse> results = List.of(
                    new ToolResponseMessage.ToolResponse(
                            answer.getToolCalls().get(0).id(), "add", "5"),
                    new ToolResponseMessage.ToolResponse(
                            answer.getToolCalls().get(1).id(), "weather", "\"sun\""));
            Prompt second = new Prompt(
                    List.of(
                            new UserMessage(BOTH),
                            answer,
                            ToolResponseMessage.builder().responses(results).build()),
                    first.getOptions());
            assertThat(Objects.requireNonNull(model.call(second).getResult())
                            .getOutput()
                            .getText())
                    .isEqualTo("5, and sun.");
        });
    }

    /** What a text says of an order. */
    record Order(int count, Unit unit, List<String> notes) {}

    /** The units of an order. */
    enum Unit {
        PIECE,
        BOX
    }

    /** The schema of the record constrains the answer. The model has not learned it, and follows no instructions. */
    @Test
    void aClientGetsARecord() {
        run(learned, model -> {
            ChatClient plain = ChatClient.create(model);
            for (int i = 0; i < 3; i++) {
                Order order = plain.prompt()
                        .user("how many?")
                        .advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT)
                        .call()
                        .entity(Order.class);
                assertThat(Objects.requireNonNull(order).unit()).isIn((Object[]) Unit.values());
            }
            Order limited = withFewTokens(plain.prompt().user("how many?"), model)
                    .advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT)
                    .call()
                    .entity(Order.class);
            assertThat(new ObjectMapper().valueToTree(limited).toString().length())
                    .isLessThanOrEqualTo(60);
        });
    }

    /** Sets options: in Spring AI 1.1 those of the model with another value, in 2.0 a builder with this value alone. */
    private static ChatClient.ChatClientRequestSpec withFewTokens(
            ChatClient.ChatClientRequestSpec request, ChatModel model) {
        Method set = Arrays.stream(ChatClient.ChatClientRequestSpec.class.getMethods())
                .filter(method -> method.getName().equals("options"))
                .findFirst()
                .orElseThrow();
        try {
            if (set.getParameterTypes()[0] == ChatOptions.class) {
                BeanWrapper options = new BeanWrapperImpl(Objects.requireNonNull(
                        ChatModel.class.getMethod("getDefaultOptions").invoke(model)));
                options.setPropertyValue("maxTokens", 60);
                set.invoke(request, options.getWrappedInstance());
            } else {
                set.invoke(request, ChatOptions.builder().maxTokens(60));
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
        return request;
    }

    /** What programs have in their records. */
    @SuppressWarnings("ArrayRecordComponent") // They have such ones.
    record Everything(
            int whole,
            Long big,
            double number,
            float small,
            BigDecimal price,
            BigInteger huge,
            boolean flag,
            char letter,
            byte[] bytes,
            String text,
            Unit unit,
            EnumSet<Unit> units,
            Set<Unit> set,
            Map<String, Unit> byName,
            Map<Unit, Integer> byUnit,
            Optional<String> maybe,
            OptionalInt count,
            LocalDate day,
            LocalTime time,
            LocalDateTime moment,
            OffsetDateTime offset,
            ZonedDateTime zoned,
            Instant instant,
            Duration duration,
            Period period,
            UUID id,
            URI link,
            Locale locale,
            Order order,
            List<Order> orders,
            Order[] array,
            List<List<Integer>> matrix,
            Object any,
            List<Everything> more) {}

    @Test
    void theSchemasOfJavaTypesAreSupported() {
        for (String schema : List.of(
                new BeanOutputConverter<>(Everything.class).getJsonSchema(),
                JsonSchemaGenerator.generateForType(Everything.class))) {
            assertThat(Grammar.jsonSchema(schema)).as(schema).isNotNull();
        }
    }

    /** Options with a schema: those of the model in Spring AI 1.1, and those of a builder in 2.0, which 1.1 does not have. */
    private static ChatOptions structured(ChatModel model, String schema) {
        try {
            Method builders = Arrays.stream(StructuredOutputChatOptions.class.getMethods())
                    .filter(method -> method.getName().equals("builder"))
                    .findFirst()
                    .orElse(null);
            if (builders == null) {
                Method defaults = ChatModel.class.getMethod("getDefaultOptions");
                BeanWrapper options = new BeanWrapperImpl(Objects.requireNonNull(defaults.invoke(model)));
                options.setPropertyValue("outputSchema", schema);
                options.setPropertyValue("maxTokens", 90);
                return (ChatOptions) options.getWrappedInstance();
            }
            Object builder = Objects.requireNonNull(builders.invoke(null));
            StructuredOutputChatOptions.class
                    .getMethod("mutate")
                    .getReturnType()
                    .getMethod("outputSchema", String.class)
                    .invoke(builder, schema);
            Class<?> plain = ChatOptions.class.getMethod("mutate").getReturnType();
            plain.getMethod("maxTokens", Integer.class).invoke(builder, 90);
            return (ChatOptions) Objects.requireNonNull(plain.getMethod("build").invoke(builder));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The model has not learned it. */
    @Test
    void anAnswerFitsTheSchemaOfTheOptions() {
        BeanOutputConverter<Order> converter = new BeanOutputConverter<>(Order.class);
        run(learned, model -> {
            for (int i = 0; i < 4; i++) {
                ChatResponse response =
                        model.call(new Prompt("how many?", structured(model, converter.getJsonSchema())));
                String text = Objects.requireNonNull(
                        Objects.requireNonNull(response.getResult()).getOutput().getText());
                Order order = Objects.requireNonNull(converter.convert(text));
                assertThat(order.unit()).isIn((Object[]) Unit.values());
            }
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> model.call(new Prompt("how many?", structured(model, "{\"not\": {}}"))))
                    .withMessageContaining("#/not")
                    .matches(e -> e.reason() == ServingException.Reason.INVALID_INPUT);
        });
    }

    /** Else the model would not know them. */
    @Test
    void aTemplateThatKnowsNoToolsIsRefused() throws IOException {
        Path plain = Folders.decoder(temp.resolve("plain"));
        Files.writeString(
                plain.resolve("chat_template.jinja"), "{% for m in messages %}{{ m['content'] }} {% endfor %}");
        run(
                plain,
                model -> assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> model.call(prompt("my", callbacks("add"))))
                        .withMessageContaining("the chat template of the model plain must write calls of tools")
                        .matches(e -> e.reason() == ServingException.Reason.INVALID_INPUT));
    }
}
