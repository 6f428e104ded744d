package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZonedDateTime;
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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.serve.ServingException;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.tools.ToolCall;
import org.springframework.ai.chat.client.AdvisorParams;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.converter.BeanOutputConverter;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.util.json.schema.JsonSchemaGenerator;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.BeanWrapperImpl;

/** Records and schemas: the answer of a model fits them. With Spring AI 1.1 and 2.0. */
@Tag("slow")
class StructuredOutputTest {
    private static final String BOXES = "2+3 boxes?";

    @TempDir
    static Path temp;

    private static Path learned;

    @BeforeAll
    static void learn() throws IOException {
        ToolCall sum = ToolCall.of("add", "{\"a\": 2, \"b\": 3}");
        learned = Learned.write(
                temp.resolve("learned"),
                List.of(Conversation.of(
                                ChatMessage.of("user", BOXES),
                                ChatMessage.ofToolCalls(null, List.of(sum)),
                                ChatMessage.ofToolResult(sum, "5"),
                                ChatMessage.of("assistant", "{\"count\": 5, \"notes\": [\"soon\"], \"unit\": \"BOX\"}"))
                        .withTools(List.of(Learned.tool("add")))));
    }

    /** A method is called first, and the answer fits the schema. */
    @Test
    void aClientCallsAMethodAndGetsARecord() {
        Learned.run(learned, model -> {
            Calculator calculator = new Calculator();
            ChatClient client = calculator.client(model, "add").build();
            Order order = with(client.prompt().user(BOXES), model, Map.of("temperature", 0.0))
                    .advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT)
                    .call()
                    .entity(Order.class);
            assertThat(calculator.called()).containsExactly("add 2 3");
            assertThat(order).isEqualTo(new Order(5, Unit.BOX, List.of("soon")));
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
        Learned.run(learned, model -> {
            ChatClient plain = ChatClient.create(model);
            for (int i = 0; i < 3; i++) {
                Order order = plain.prompt()
                        .user("how many?")
                        .advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT)
                        .call()
                        .entity(Order.class);
                assertThat(Objects.requireNonNull(order).unit()).isIn((Object[]) Unit.values());
            }
            Order limited = with(plain.prompt().user("how many?"), model, Map.of("maxTokens", 60))
                    .advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT)
                    .call()
                    .entity(Order.class);
            assertThat(new ObjectMapper().valueToTree(limited).toString().length())
                    .isLessThanOrEqualTo(60);
        });
    }

    /** Sets options: in Spring AI 1.1 those of the model with other values, in 2.0 a builder with these values alone. */
    private static ChatClient.ChatClientRequestSpec with(
            ChatClient.ChatClientRequestSpec request, ChatModel model, Map<String, Object> values) {
        Method set = Arrays.stream(ChatClient.ChatClientRequestSpec.class.getMethods())
                .filter(method -> method.getName().equals("options"))
                .findFirst()
                .orElseThrow();
        try {
            if (set.getParameterTypes()[0] == ChatOptions.class) {
                BeanWrapper options = new BeanWrapperImpl(Objects.requireNonNull(
                        ChatModel.class.getMethod("getDefaultOptions").invoke(model)));
                options.setPropertyValues(values);
                set.invoke(request, options.getWrappedInstance());
            } else {
                // Its type has a parameter in Spring AI 2 only.
                var builder = ChatOptions.builder();
                for (Map.Entry<String, Object> value : values.entrySet()) {
                    ChatOptions.Builder.class
                            .getMethod(value.getKey(), value.getValue().getClass())
                            .invoke(builder, value.getValue());
                }
                set.invoke(request, builder);
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

    /** The schemas of methods say which of Java's types a number has. */
    @Test
    void theSchemaOfAMethodBoundsItsNumbers() {
        String schema = JsonSchemaGenerator.generateForType(Order.class);
        assertThat(schema).contains("int32");
    }

    /** One name, as a schema may have the name of its class. */
    interface Small {
        record Count(int many, short few) {}
    }

    /** The same with another type. */
    interface Large {
        record Count(long many, long few) {}
    }

    /**
     * The options of a call have the schema alone, and in Spring AI 1.1 that is the same for an int, a short and a long. So no model
     * can know which numbers fit, and the page says to take {@code long}.
     */
    @Test
    void theSchemaOfAnEntityDoesNotTellAnIntFromALongInSpringAi1() {
        String small = new BeanOutputConverter<>(Small.Count.class).getJsonSchema();
        String large = new BeanOutputConverter<>(Large.Count.class).getJsonSchema();
        assertThat(small).contains("many").contains("few");
        assertThat(small.equals(large)).isEqualTo(!small.contains("int32"));
        if (isSpringAi1()) {
            assertThat(small).isEqualTo(large);
        }
    }

    private static boolean isSpringAi1() {
        return Arrays.stream(StructuredOutputChatOptions.class.getMethods())
                .noneMatch(method -> method.getName().equals("builder"));
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
        Learned.run(learned, model -> {
            for (int i = 0; i < 4; i++) {
                ChatResponse response =
                        model.call(new Prompt("how many?", structured(model, converter.getJsonSchema())));
                String text = Objects.requireNonNull(
                        Objects.requireNonNull(response.getResult()).getOutput().getText());
                Order order = Objects.requireNonNull(converter.convert(text));
                assertThat(order.unit()).isIn((Object[]) Unit.values());
            }
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> model.call(new Prompt("how many?", structured(model, "{\"uniqueItems\": true}"))))
                    .withMessageContaining("#/uniqueItems")
                    .matches(e -> e.reason() == ServingException.Reason.INVALID_INPUT);
        });
    }
}
