package org.lora4j.example.text.shop;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.lora4j.example.text.calendar.Phrase;
import org.lora4j.example.text.calendar.Spoken;
import org.lora4j.text.data.LabelledText;

/** Messages of customers to shops, made of the sentences and goods of {@code shop.json}. */
public final class Messages {
    private static final double WITH_OPENING = 0.4;
    private static final double WITH_CLOSING = 0.4;

    /** Each fourth sentence of a topic stands in tests only. */
    private static final int FOURTH = 4;

    /** A shop sells goods, and each of its teams answers some topics. */
    record Tenant(List<String> items, Map<String, List<String>> teams) {
        private String team(String topic) {
            return teams.entrySet().stream()
                    .filter(team -> team.getValue().contains(topic))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private record Sentences(
            List<String> openings,
            List<String> closings,
            TreeMap<String, List<String>> topics,
            TreeMap<String, Tenant> tenants) {}

    private final Sentences sentences;

    private Messages(Sentences sentences) {
        this.sentences = sentences;
    }

    /**
     * Reads the sentences, the shops and their teams.
     *
     * @return all that messages are made of
     * @throws IOException if the file cannot be read
     */
    public static Messages read() throws IOException {
        try (InputStream json = Objects.requireNonNull(Messages.class.getResourceAsStream("shop.json"))) {
            return new Messages(new ObjectMapper().readValue(json, Sentences.class));
        }
    }

    /** Returns the names of the shops. */
    List<String> tenants() {
        return List.copyOf(sentences.tenants().keySet());
    }

    /**
     * Makes different messages to a shop, each with the team that should answer it.
     *
     * @param tenant the shop
     * @param tested whether about half of them have sentences that no training has
     * @param count how many
     * @param seed decides which
     * @return the messages
     */
    public List<LabelledText> make(String tenant, boolean tested, int count, long seed) {
        Tenant shop = Objects.requireNonNull(sentences.tenants().get(tenant), tenant);
        Random random = new Random(31 * seed + tenant.hashCode());
        return Stream.generate(() -> message(shop, tested && random.nextBoolean(), random))
                .distinct()
                .limit(count)
                .toList();
    }

    private LabelledText message(Tenant shop, boolean isNew, Random random) {
        String topic = one(List.copyOf(sentences.topics().keySet()), random);
        List<String> all = Objects.requireNonNull(sentences.topics().get(topic));
        List<String> some = Stream.iterate(0, i -> i < all.size(), i -> i + 1)
                .filter(i -> isNew == (i % FOURTH == FOURTH - 1))
                .map(all::get)
                .toList();
        List<String> parts = new ArrayList<>();
        if (random.nextDouble() < WITH_OPENING) {
            parts.add(one(sentences.openings(), random));
        }
        parts.add(Phrase.of(one(some, random), random, kind -> Spoken.same(one(shop.items(), random)))
                .text());
        if (random.nextDouble() < WITH_CLOSING) {
            parts.add(one(sentences.closings(), random));
        }
        return new LabelledText(String.join(" ", parts), shop.team(topic));
    }

    private static String one(List<String> all, Random random) {
        return all.get(random.nextInt(all.size()));
    }
}
