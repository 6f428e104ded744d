package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.service.AiServices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.text.fixtures.TeaShop;

/** The code of the recipe about methods, with the chat model of the repository. */
class CallMethodsTest {
    // spotless:off
    interface Assistant {
        String answer(String question);
    }

    static final class Shop {
        private final List<String> booked = new ArrayList<>();

        @Tool(name = "book_tasting", value = "Book a tasting for some people.")
        String bookTasting(@P(name = "day", value = "the day") String day, @P(name = "people", value = "how many") int people) {
            if (day.equals("Sunday")) {
                return "{\"error\": \"closed\"}";
            }
            booked.add(people + " on " + day);
            return "{\"booked\": true, \"time\": \"17:00\"}";
        }
    }

    private static List<String> ask(Path models, Shop shop) throws IOException {
        List<String> answers = new ArrayList<>();
        try (LoRAChatModel chat = LoRAChatModel.builder(models.resolve("tea-shop")).temperature(0).build()) {
            Assistant assistant = AiServices.builder(Assistant.class).chatModel(chat).tools(shop).build();
            for (String question : List.of(
                    "Please book a tasting for four people on Friday.",
                    "Please book a tasting for two people on Sunday.",
                    "When are you open?")) {
                answers.add(assistant.answer(question));
            }
        }
        return answers;
    }
    // spotless:on

    @Test
    void theModelCallsTheMethodAndSaysItsResult() throws IOException {
        Shop shop = new Shop();
        assertThat(ask(TeaShop.ADAPTERS, shop))
                .containsExactly(
                        "Your tasting for 4 on Friday at 17:00 is booked.",
                        "I am sorry, on Sunday we are closed. May it be another day?",
                        "We are open from Tuesday to Saturday, from 9 to 18.");
        assertThat(shop.booked).containsExactly("4 on Friday");
    }
}
