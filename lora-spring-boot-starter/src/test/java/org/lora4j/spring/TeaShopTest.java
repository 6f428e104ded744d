package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lora4j.text.fixtures.TeaShop;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.support.ToolCallbacks;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.ai.tool.annotation.ToolParam;
import org.springframework.ai.tool.execution.ToolCallResultConverter;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** A client of Spring AI and the chat model of the repository: a question, its call, the result, and the answer. */
class TeaShopTest {
    /** The functions of the shop. The parameters have the names that the model has learned. */
    static final class Shop {
        private final List<String> called = new ArrayList<>();

        @Tool(name = "order_status", description = "Say where an order is.", resultConverter = AsItIs.class)
        String orderStatus(@ToolParam(description = "its number") int order) {
            return call("order_status", Map.of("order", order));
        }

        @Tool(name = "book_tasting", description = "Book a tasting for some people.", resultConverter = AsItIs.class)
        String bookTasting(
                @ToolParam(description = "the day") String day, @ToolParam(description = "how many") int people) {
            return call("book_tasting", Map.of("day", day, "people", people));
        }

        @Tool(
                name = "find_teas",
                description = "Find teas of a kind up to a price in euros.",
                resultConverter = AsItIs.class)
        String findTeas(
                @ToolParam(description = "the kind") String kind,
                @ToolParam(description = "the price") int most_price) {
            return call("find_teas", Map.of("kind", kind, "most_price", most_price));
        }

        private String call(String function, Map<String, ?> arguments) {
            called.add(TeaShop.call(function, arguments));
            return TeaShop.result(function, arguments);
        }
    }

    /** The results are JSON already. Spring AI would make a JSON text of them. */
    public static final class AsItIs implements ToolCallResultConverter {
        @Override
        public String convert(@Nullable Object result, @Nullable Type type) {
            return String.valueOf(result);
        }
    }

    private static void run(String adapter, Consumer<ChatModel> test) {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues(
                        "lora.model.path=" + TeaShop.MODEL,
                        "lora.adapters.path=" + TeaShop.ADAPTERS,
                        "lora.serve.allow-base=true",
                        "lora.serve.default-adapter=" + adapter)
                .run(context -> test.accept(context.getBean(ChatModel.class)));
    }

    /** Spring AI 2.0 has another method for the tools, which 1.1 does not have. */
    @SuppressWarnings("removal")
    private static ChatClient client(ChatModel model, Shop shop) {
        return ChatClient.builder(model)
                .defaultToolCallbacks(ToolCallbacks.from(shop))
                .build();
    }

    private static void answers(ChatModel model, TeaShop.Trip trip, String expected) {
        Prompt prompt = new Prompt(
                trip.question(),
                ToolCallingChatOptions.builder().temperature(0.0).build());
        Shop shop = new Shop();
        assertThat(client(model, shop).prompt(prompt).call().content()).isEqualTo(expected);
        assertThat(String.join(" ", shop.called)).as(trip.question()).isEqualTo(trip.call());
        Shop again = new Shop();
        List<String> parts = client(model, again).prompt(prompt).stream()
                .content()
                .collectList()
                .block();
        assertThat(String.join("", Objects.requireNonNull(parts))).isEqualTo(expected);
        assertThat(String.join(" ", again.called)).as(trip.question()).isEqualTo(trip.call());
    }

    @Test
    void theModelAnswersWithTheResult() {
        run("__base__", model -> TeaShop.TRIPS.forEach(trip -> answers(model, trip, trip.answer())));
    }

    @Test
    void anAdapterAnswersWithTheResult() {
        run(
                "pirate",
                model -> TeaShop.TRIPS.stream()
                        .filter(trip -> !trip.pirate().isEmpty())
                        .forEach(trip -> answers(model, trip, trip.pirate())));
    }
}
