package org.lora4j.example.text.tickets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextSpan;
import org.lora4j.text.metrics.TagMetrics;
import org.lora4j.text.tokens.TagSpan;

/** The tickets, what regular expressions find in them, and masks. */
class TicketsTest {
    private static final int COUNT = 1_000;

    private static List<TaggedText> train;
    private static List<TaggedText> validation;
    private static List<TaggedText> test;

    @BeforeAll
    static void make() throws IOException {
        Tickets tickets = Tickets.read();
        train = tickets.make(Tickets.Part.TRAIN, COUNT, 1);
        validation = tickets.make(Tickets.Part.VALIDATION, COUNT, 2);
        test = tickets.make(Tickets.Part.TEST, COUNT, 3);
    }

    /** The words of all spans of a kind, in small letters. */
    private static Set<String> words(List<TaggedText> tickets, String kind) {
        return tickets.stream()
                .flatMap(ticket -> ticket.spans().stream()
                        .filter(span -> span.label().equals(kind))
                        .map(span -> text(ticket, span)))
                .collect(Collectors.toSet());
    }

    private static String text(TaggedText ticket, TextSpan span) {
        return ticket.words().text().substring(span.start(), span.end()).toLowerCase(Locale.ROOT);
    }

    @Test
    void noPartHasTheNamesOfAnother() {
        List<List<TaggedText>> parts = List.of(train, validation, test);
        for (String kind : List.of("city", "mail", "street")) {
            Set<String> all = new HashSet<>();
            int count = 0;
            for (List<TaggedText> part : parts) {
                Set<String> words = words(part, kind);
                assertThat(words).as(kind).hasSizeGreaterThan(20);
                all.addAll(words);
                count += words.size();
            }
            assertThat(all).as(kind).hasSize(count);
        }
    }

    @Test
    void allKindsOccurAndTicketsDiffer() {
        for (List<TaggedText> part : List.of(train, validation, test)) {
            assertThat(part).hasSize(COUNT).doesNotHaveDuplicates();
            assertThat(part.stream().flatMap(ticket -> ticket.spans().stream()).map(TextSpan::label))
                    .contains(Tickets.LABELS.toArray(String[]::new));
            long small = part.stream()
                    .map(ticket -> ticket.words().text())
                    .filter(text -> text.equals(text.toLowerCase(Locale.ROOT)))
                    .count();
            assertThat(small).isBetween(COUNT / 8L, COUNT / 3L);
        }
    }

    /** About half of the tickets of the test have no sentence of the training. */
    @Test
    void halfOfTheTestHasOtherSentences() {
        assertThat(test.stream()
                        .filter(ticket -> ticket.words().text().contains("My name is"))
                        .count())
                .isPositive();
        assertThat(train.stream().map(ticket -> ticket.words().text().toLowerCase(Locale.ROOT)))
                .noneMatch(text -> text.contains("my name is"));
        assertThat(test.stream().map(ticket -> ticket.words().text().toLowerCase(Locale.ROOT)))
                .anyMatch(text -> text.contains("a return label for"));
    }

    @Test
    void theSameSeedMakesTheSameTickets() throws IOException {
        assertThat(Tickets.read().make(Tickets.Part.TRAIN, 20, 1)).isEqualTo(train.subList(0, 20));
        assertThat(Tickets.read().make(Tickets.Part.TRAIN, 20, 2)).isNotEqualTo(train.subList(0, 20));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "Mail me at anna.berg@mail-box.co.uk or call +49 170 5551234.; Mail me at [MAIL] or call [PHONE].",
                "Call (212) 555-1234, 030/5551234 or 0044 20 555123!; Call [PHONE], [PHONE] or [PHONE]!",
                "Order #48213, AB-12345 and 20817733 of 2 June.; Order [ORDER], [ORDER] and [ORDER] of 2 June.",
                "Dear Dr Weber, ship to 12a Old Mill Road, Bern.; Dear Dr [PERSON], ship to [STREET], [CITY].",
                "my name is anna berg, my mail is a@b.de; my name is [PERSON], my mail is [MAIL]",
                "It costs $49.90 since Monday.; It costs $49.90 since Monday.",
            })
    void theExpressionsAreThoseThatAProgramWouldHave(String ticket, String masked) {
        TaggedText text = TaggedText.ofSpans(ticket, List.of());
        assertThat(TicketsLoRA.masked(text, Expressions.find(text))).isEqualTo(masked);
    }

    /** They know the sentences of the training, so they are no weak baseline. */
    @Test
    void theExpressionsFindMostOfTheTraining() {
        TagMetrics found =
                TicketsLoRA.metrics(train, train.stream().map(Expressions::find).toList());
        assertThat(found.micro().f1()).isGreaterThan(0.9);
        for (String kind : List.of("mail", "phone", "street")) {
            assertThat(Objects.requireNonNull(found.types().get(kind)).f1())
                    .as(kind)
                    .isGreaterThan(0.99);
        }
    }

    @Test
    void masksWhatWasFound() {
        TaggedText ticket = TaggedText.ofSpans("Ann in Bern", List.of(new TextSpan(7, 11, "city")));
        assertThat(TicketsLoRA.masked(ticket, ticket.tagged())).isEqualTo("Ann in [CITY]");
        assertThat(TicketsLoRA.masked(ticket, List.of(new TagSpan(0, 1, "person"), new TagSpan(2, 3, "city"))))
                .isEqualTo("[PERSON] in [CITY]");
        assertThat(TicketsLoRA.masked(ticket, List.of())).isEqualTo("Ann in Bern");
    }
}
