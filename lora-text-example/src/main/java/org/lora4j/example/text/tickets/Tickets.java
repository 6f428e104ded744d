package org.lora4j.example.text.tickets;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.example.text.calendar.Phrase;
import org.lora4j.example.text.calendar.Spoken;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextSpan;

/** Tickets of a support desk, made of the patterns, names and words of {@code tickets.json}. */
public final class Tickets {
    /** The kinds of personal data. */
    static final List<String> LABELS = List.of("city", "mail", "order", "person", "phone", "street");

    /** These words are the same in all tickets. */
    private static final List<String> COMMON = List.of("weekday", "month");

    /** So much of all tickets is written in small letters throughout, as in a chat. */
    private static final double SMALL = 0.2;

    private static final double WITH_OPENING = 0.5;
    private static final double WITH_CLOSING = 0.7;
    private static final int MOST_SENTENCES = 3;

    /** Which tickets: each part has names, words and sentences that no other one has. */
    public enum Part {
        /** Three fifths of all. */
        TRAIN,
        /** A fifth; about half of its tickets have sentences of the training. It chooses settings. */
        VALIDATION,
        /** As the validation. It judges. */
        TEST;

        private boolean has(int number) {
            return switch (number % 5) {
                case 0 -> this == TEST;
                case 1 -> this == VALIDATION;
                default -> this == TRAIN;
            };
        }

        private <T> List<T> of(List<T> all) {
            return IntStream.range(0, all.size())
                    .filter(this::has)
                    .mapToObj(all::get)
                    .toList();
        }
    }

    private final Map<String, List<String>> file;

    private Tickets(Map<String, List<String>> file) {
        this.file = file;
    }

    /**
     * Reads the patterns, names and words.
     *
     * @return all that tickets are made of
     * @throws IOException if the file cannot be read
     */
    public static Tickets read() throws IOException {
        try (InputStream json = Objects.requireNonNull(Tickets.class.getResourceAsStream("tickets.json"))) {
            return new Tickets(new ObjectMapper().readValue(json, new TypeReference<Map<String, List<String>>>() {}));
        }
    }

    /**
     * Makes different tickets.
     *
     * @param part which names and patterns they have
     * @param count how many
     * @param seed decides which
     * @return the tickets
     */
    public List<TaggedText> make(Part part, int count, long seed) {
        Map<String, List<Spoken>> values = new HashMap<>();
        file.forEach((kind, all) -> values.put(
                kind,
                (COMMON.contains(kind) ? all : part.of(all))
                        .stream().map(Spoken::same).toList()));
        Random random = new Random(seed);
        PersonalData data = new PersonalData(values, random);
        return Stream.generate(() -> ticket(random.nextBoolean() ? part : Part.TRAIN, data))
                .distinct()
                .limit(count)
                .toList();
    }

    /** Joins sentences, mostly between an opening and a closing. */
    private TaggedText ticket(Part part, PersonalData data) {
        Random random = data.random();
        List<String> sentences = new ArrayList<>();
        if (random.nextDouble() < WITH_OPENING) {
            sentences.add(one("opening", part, random));
        }
        for (int i = 0; i <= random.nextInt(MOST_SENTENCES); i++) {
            sentences.add(one("sentence", part, random));
        }
        if (random.nextDouble() < WITH_CLOSING) {
            sentences.add(one("closing", part, random));
        }
        Phrase phrase = Phrase.of(String.join(" ", sentences), random, data::say);
        return TaggedText.ofSpans(
                random.nextDouble() < SMALL ? phrase.text().toLowerCase(Locale.ROOT) : phrase.text(),
                phrase.places().stream()
                        .filter(place -> LABELS.contains(place.name()))
                        .map(place -> new TextSpan(place.start(), place.end(), place.name()))
                        .toList());
    }

    private String one(String kind, Part part, Random random) {
        List<String> all = part.of(Objects.requireNonNull(file.get(kind), kind));
        return all.get(random.nextInt(all.size()));
    }
}
