package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.fixtures.Patience;
import org.lora4j.text.fixtures.TeaShop;

/** Services of LangChain4j and the chat model of the repository: a question, its call, the result, and the answer. */
class TeaShopTest {
    private static LoRAChatModel alone;
    private static LoRAChatModel pirate;

    /** The functions of the shop. */
    static final class Shop {
        private final List<String> called = new ArrayList<>();

        @Tool(name = "order_status", value = "Say where an order is.")
        String orderStatus(@P(name = "order", value = "its number") int order) {
            return call("order_status", Map.of("order", order));
        }

        @Tool(name = "book_tasting", value = "Book a tasting for some people.")
        String bookTasting(
                @P(name = "day", value = "the day") String day, @P(name = "people", value = "how many") int people) {
            return call("book_tasting", Map.of("day", day, "people", people));
        }

        @Tool(name = "find_teas", value = "Find teas of a kind up to a price in euros.")
        String findTeas(
                @P(name = "kind", value = "the kind") String kind,
                @P(name = "most_price", value = "the price") int mostPrice) {
            return call("find_teas", Map.of("kind", kind, "most_price", mostPrice));
        }

        private String call(String function, Map<String, ?> arguments) {
            called.add(TeaShop.call(function, arguments));
            return TeaShop.result(function, arguments);
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
    static void open() throws IOException {
        alone = LoRAChatModel.builder(TeaShop.MODEL).temperature(0).build();
        pirate = LoRAChatModel.builder(TeaShop.MODEL)
                .adapters(TeaShop.ADAPTERS)
                .modelName("pirate")
                .temperature(0)
                .build();
    }

    @AfterAll
    static void close() {
        Stream.of(alone, pirate).forEach(LoRAChatModel::close);
    }

    static List<TeaShop.Trip> trips() {
        return TeaShop.TRIPS;
    }

    static List<TeaShop.Trip> tripsAsPirate() {
        return TeaShop.TRIPS.stream().filter(trip -> !trip.pirate().isEmpty()).toList();
    }

    @ParameterizedTest
    @MethodSource("trips")
    void theModelAnswersWithTheResult(TeaShop.Trip trip) throws Exception {
        answers(alone, trip, trip.answer());
    }

    @ParameterizedTest
    @MethodSource("tripsAsPirate")
    void anAdapterAnswersWithTheResult(TeaShop.Trip trip) throws Exception {
        answers(pirate, trip, trip.pirate());
    }

    private static void answers(LoRAChatModel model, TeaShop.Trip trip, String expected) throws Exception {
        Shop shop = new Shop();
        Assistant assistant =
                AiServices.builder(Assistant.class).chatModel(model).tools(shop).build();
        assertThat(assistant.answer(trip.question())).isEqualTo(expected);
        assertThat(String.join(" ", shop.called)).isEqualTo(trip.call());

        Shop again = new Shop();
        StringBuilder text = new StringBuilder();
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        AiServices.builder(StreamingAssistant.class)
                .streamingChatModel(model.streaming())
                .tools(again)
                .build()
                .answer(trip.question())
                .onPartialResponse(text::append)
                .onCompleteResponse(whole::complete)
                .onError(whole::completeExceptionally)
                .start();
        assertThat(Patience.get(whole).aiMessage().text()).isEqualTo(expected);
        assertThat(text).hasToString(expected);
        assertThat(String.join(" ", again.called)).isEqualTo(trip.call());
    }
}
