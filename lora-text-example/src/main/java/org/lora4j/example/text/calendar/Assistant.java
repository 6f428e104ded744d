package org.lora4j.example.text.calendar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolCall;

/** An assistant with functions, and what people say to it: a file such as {@code calendar.json}. */
final class Assistant {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * A function, and how people ask for it.
     *
     * @param tool the function
     * @param requests patterns of {@link Phrase}, whose places have the names of parameters. Other places are only said
     */
    record Skill(Tool tool, List<String> requests) {
        ToolCall call(Map<String, Object> values) {
            Map<String, Object> arguments = new LinkedHashMap<>();
            Map<?, ?> properties =
                    (Map<?, ?>) Objects.requireNonNull(tool.parameters().get("properties"));
            for (Object name : properties.keySet()) {
                Object value = values.get(name);
                if (value != null) {
                    arguments.put((String) name, value);
                }
            }
            return ToolCall.of(tool.name(), arguments);
        }
    }

    private final List<Skill> skills;
    private final Map<String, List<Spoken>> values;
    private final Map<String, List<Spoken>> newValues;
    private final double madeUp;

    private Assistant(JsonNode file) throws IOException {
        skills = MAPPER.readerForListOf(Skill.class).readValue(file.path("functions"));
        values = spoken(file.path("values"));
        newValues = spoken(file.path("newValues"));
        madeUp = file.path("madeUp").asDouble();
    }

    /** Reads {@code home} or {@code calendar}. */
    static Assistant read(String name) throws IOException {
        try (InputStream file = SmallLlama.resource(name + ".json")) {
            return new Assistant(MAPPER.readTree(file));
        }
    }

    /** A list of texts, or texts with their values. */
    private static Map<String, List<Spoken>> spoken(JsonNode kinds) throws IOException {
        Map<String, List<Spoken>> all = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> kind : kinds.properties()) {
            List<Spoken> some = new ArrayList<>();
            kind.getValue().properties().forEach(e -> some.add(new Spoken(e.getKey(), value(e.getValue()))));
            if (kind.getValue().isArray()) {
                kind.getValue().forEach(text -> some.add(Spoken.same(text.textValue())));
            }
            all.put(kind.getKey(), some);
        }
        return all;
    }

    private static Object value(JsonNode node) {
        return node.isBoolean() ? node.booleanValue() : node.textValue();
    }

    /** Returns the functions. */
    List<Tool> tools() {
        return skills.stream().map(Skill::tool).toList();
    }

    /**
     * Returns two functions in any order: the one that a request asks for, and another one. A model that is trained with them learns to
     * choose among the functions that it is given.
     */
    List<Tool> someTools(Request request, Random random) {
        List<Tool> some = new ArrayList<>(tools());
        Collections.shuffle(some, random);
        some.sort(
                Comparator.comparing(tool -> !tool.name().equals(request.call().name())));
        some = some.subList(0, 2);
        Collections.shuffle(some, random);
        return some;
    }

    /**
     * Makes requests for training, each text once, and none with a name or a title that only the test has.
     *
     * @param count how many
     * @param seed decides which
     */
    List<Request> requests(int count, long seed) {
        return requests(count, new Speaker(values, madeUp, new Random(seed)), request -> !request.isNew());
    }

    /**
     * Makes requests for a test. About half of the names and of the words of titles are new ones.
     *
     * @param count how many
     * @param seed decides which
     * @param known requests whose texts do not come again
     */
    List<Request> newRequests(int count, long seed, List<Request> known) {
        Map<String, List<Spoken>> both = new HashMap<>(values);
        newValues.forEach((kind, some) -> both.merge(
                kind,
                some,
                (old, more) -> Stream.concat(old.stream(), more.stream()).toList()));
        Set<String> texts = known.stream().map(Request::text).collect(Collectors.toSet());
        return requests(count, new Speaker(both, 0, new Random(seed)), request -> !texts.contains(request.text()));
    }

    private List<Request> requests(int count, Speaker speaker, Predicate<Request> wanted) {
        Set<String> texts = new HashSet<>();
        return Stream.generate(() -> request(speaker))
                .filter(wanted)
                .filter(request -> texts.add(request.text()))
                .limit(count)
                .toList();
    }

    private Request request(Speaker speaker) {
        Random random = speaker.random();
        Skill skill = skills.get(random.nextInt(skills.size()));
        String pattern = skill.requests().get(random.nextInt(skill.requests().size()));
        Phrase phrase = Phrase.of(pattern, random, speaker::say);
        boolean isNew = newValues.values().stream().flatMap(List::stream).anyMatch(value -> phrase.says(value.words()));
        return new Request(phrase.text(), skill.call(phrase.values()), isNew);
    }
}
