package org.lora4j.example.text.shop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lora4j.text.data.LabelledText;

/** The messages of the shops. */
class MessagesTest {
    private static final int COUNT = 1_000;

    @Test
    void thereAreEightShopsWithThreeToFiveTeams() throws IOException {
        Messages messages = Messages.read();
        assertThat(messages.tenants()).hasSize(8);
        Map<String, Integer> teams = new TreeMap<>();
        for (String tenant : messages.tenants()) {
            List<LabelledText> made = messages.make(tenant, false, COUNT, 1);
            assertThat(made).hasSize(COUNT).doesNotHaveDuplicates();
            assertThat(made).noneMatch(message -> message.text().contains("{"));
            teams.put(
                    tenant,
                    made.stream()
                            .map(LabelledText::label)
                            .collect(Collectors.toSet())
                            .size());
        }
        assertThat(teams.values()).allMatch(count -> count >= 3 && count <= 5);
    }

    /** The same sentence goes to another team in another shop. */
    @Test
    void shopsHaveTeamsOfTheirOwn() throws IOException {
        Messages messages = Messages.read();
        String praise = "Your colleague on the phone was very kind.";
        assertThat(messages.tenants().stream()
                        .map(tenant -> messages.make(tenant, false, COUNT, 1).stream()
                                .filter(message -> message.text().contains(praise))
                                .map(LabelledText::label)
                                .distinct()
                                .collect(Collectors.joining(",")))
                        .distinct())
                .hasSizeGreaterThan(5)
                .doesNotContain("");
    }

    @Test
    void halfOfTheTestHasOtherSentences() throws IOException {
        Messages messages = Messages.read();
        String newOne = "finally come? It is overdue";
        String other = "my parcel seems to be stuck";
        assertThat(messages.make("tea", false, COUNT, 1))
                .anyMatch(message -> message.text().contains(newOne))
                .noneMatch(message -> message.text().toLowerCase(Locale.ROOT).contains(other));
        assertThat(messages.make("tea", true, COUNT, 1))
                .anyMatch(message -> message.text().toLowerCase(Locale.ROOT).contains(other));
    }

    @Test
    void theSameSeedMakesTheSameMessages() throws IOException {
        Messages messages = Messages.read();
        List<LabelledText> made = messages.make("toys", false, 50, 1);
        assertThat(Messages.read().make("toys", false, 20, 1)).isEqualTo(made.subList(0, 20));
        assertThat(messages.make("toys", false, 50, 2)).isNotEqualTo(made);
        assertThat(messages.make("books", false, 50, 1)).isNotEqualTo(made);
    }
}
