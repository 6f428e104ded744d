package org.lora4j.example.text.tea;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.text.calendar.Phrase;
import org.lora4j.example.text.calendar.Spoken;
import org.lora4j.example.text.tea.TeaShop.DayTopic;
import org.lora4j.example.text.tea.TeaShop.Function;
import org.lora4j.example.text.tea.TeaShop.Result;
import org.lora4j.example.text.tea.TeaShop.TasteTopic;
import org.lora4j.example.text.tea.TeaShop.Tea;
import org.lora4j.example.text.tea.TeaShop.TeaTopic;
import org.lora4j.example.text.tea.TeaShop.Topic;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.ToolCall;

/** One conversation of a guest with the shop, made at random. */
final class Talk {
    /** Each sixth way to ask stands in tests only. */
    private static final int SIXTH = 6;

    /** What a conversation is for. */
    enum Purpose {
        MODEL,
        TEST,
        ADAPTER,
        TEST_OF_ADAPTER;
    }

    /** What may stand behind the words of a guest. */
    private enum End {
        QUESTION("?", "?", "?", "?", "", "", "", ".", "!", ", please"),
        PLAIN("", "", "!", "."),
        NOTHING("");

        @SuppressWarnings("ImmutableEnumChecker") // the list does not change
        private final List<String> marks;

        End(String... marks) {
            this.marks = List.of(marks);
        }
    }

    private static final List<String> NUMBERS =
            List.of("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten");

    private final TeaShop shop;
    private final Random random;

    /** Whether the guest asks as no training does. */
    private final boolean isNew;

    /** Whether the conversation is for an adapter: most of those have no functions, which take much room in a file. */
    private final boolean isOfAdapter;

    private final List<ChatMessage> messages = new ArrayList<>();
    private final List<Function> functions = new ArrayList<>();

    /** The tea of which both speak. */
    private @Nullable Tea subject;

    Talk(TeaShop shop, Random random, Purpose purpose) {
        this.shop = shop;
        this.random = random;
        isNew = purpose == Purpose.TEST || purpose == Purpose.TEST_OF_ADAPTER;
        isOfAdapter = purpose == Purpose.ADAPTER || purpose == Purpose.TEST_OF_ADAPTER;
    }

    /** Returns a conversation of one to four questions. */
    Conversation conversation() {
        takeFunctions();
        int questions = 1 + Math.min(3, (int) (-Math.log(1 - random.nextDouble()) / 0.8));
        for (int i = 0; i < questions; i++) {
            exchange();
        }
        return end();
    }

    /** Returns a conversation of one question. */
    Conversation oneQuestion() {
        takeFunctions();
        exchange();
        return end();
    }

    /** Returns a conversation of one question, whose answer is another one in December. */
    Conversation december() {
        takeFunctions();
        int what = random.nextInt(3);
        if (what == 0) {
            tea(one(shop.december().teas()), one(shop.teaTopics()));
        } else if (what == 1) {
            day();
        } else {
            topic(one(shop.topics().stream().filter(shop::isOfDecember).toList()));
        }
        return end();
    }

    /** Returns what a guest says who says all arguments of a function, and these in JSON as the answer, written as in calls. */
    Conversation record(Function function) {
        ToolCall call = call(function, say(way(function.requests()), End.QUESTION, arguments()));
        answer(call.argumentMap().entrySet().stream()
                .map(argument -> "\"" + argument.getKey() + "\": " + json(argument.getValue()))
                .collect(Collectors.joining(", ", "{", "}")));
        return end();
    }

    private static String json(Object value) {
        return value instanceof Number ? value.toString() : "\"" + value + "\"";
    }

    private Conversation end() {
        return new Conversation(
                messages,
                functions.stream().map(function -> function.asTool().toMap()).toList());
    }

    private void takeFunctions() {
        if (isOfAdapter ? random.nextInt(8) == 0 : random.nextBoolean()) {
            functions.addAll(shop.functions());
            Collections.shuffle(functions, random);
            if (random.nextInt(4) == 0) {
                functions.remove(0);
            }
        }
    }

    private <T> T one(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    /** One way to ask of those for tests, or of the others. */
    private String way(List<String> all) {
        if (all.size() < SIXTH) {
            return one(all);
        }
        return one(IntStream.range(0, all.size())
                .filter(i -> isNew == (i % SIXTH == SIXTH - 1))
                .mapToObj(all::get)
                .toList());
    }

    private void exchange() {
        Tea known = subject;
        if (known != null && random.nextInt(5) < 3) {
            TeaTopic topic = one(shop.teaTopics());
            say(way(topic.follow()), End.PLAIN, Map.of());
            answer(known.fill(one(topic.answers())));
            return;
        }
        int what = random.nextInt(100);
        if (what < 28) {
            topic(one(shop.topics()));
        } else if (what < 48) {
            tea(one(shop.teas()), one(shop.teaTopics()));
        } else if (what < 53) {
            kind();
        } else if (what < 58) {
            taste();
        } else if (what < 63) {
            day();
        } else if (what < 71) {
            strange();
        } else if (what < 79) {
            repeat();
        } else {
            function(one(shop.functions()));
        }
    }

    private void topic(Topic topic) {
        say(way(topic.questions()), topic.plain() ? End.PLAIN : End.QUESTION, Map.of());
        answer(one(topic.answers()));
    }

    private void tea(Tea tea, TeaTopic topic) {
        subject = tea;
        say(way(topic.questions()), End.QUESTION, Map.of("tea", Spoken.same(tea.tea())));
        answer(tea.fill(one(topic.answers())));
    }

    private void kind() {
        Topic topic = one(shop.kindTopics());
        String kind = one(shop.teas()).kind();
        List<Tea> some =
                shop.teas().stream().filter(tea -> tea.kind().equals(kind)).toList();
        Tea cheapest = Collections.min(some, Comparator.comparingInt(tea -> Integer.parseInt(tea.price())));
        List<String> names = some.stream().map(Tea::tea).toList();
        int last = names.size() - 1;
        say(way(topic.questions()), End.QUESTION, Map.of("kind", Spoken.same(kind)));
        answer(one(topic.answers())
                .replace("{kind}", kind)
                .replace("{names}", String.join(", ", names.subList(0, last)) + " and " + names.get(last))
                .replace("{cheapest}", cheapest.tea())
                .replace("{cheapestPrice}", cheapest.price()));
    }

    private void taste() {
        TasteTopic topic = one(shop.tasteTopics());
        Tea tea = shop.teas().stream()
                .filter(one -> one.tea().equals(topic.tea()))
                .findFirst()
                .orElseThrow();
        subject = tea;
        say(way(shop.tasteQuestions()), End.QUESTION, Map.of("words", Spoken.same(one(topic.words()))));
        answer(tea.fill(one(shop.tasteAnswers())));
    }

    private void day() {
        DayTopic topic = one(shop.dayTopics());
        String day = one(shop.days());
        boolean isClosed = day.equals("Sunday") || day.equals("Monday");
        say(way(topic.questions()), End.QUESTION, Map.of("day", Spoken.same(day)));
        answer(one(isClosed ? topic.closed() : topic.open()).replace("{day}", day));
    }

    private void strange() {
        Map<String, Spoken> words = Map.of(
                "word", Spoken.same(one(shop.strange().words())),
                "word2", Spoken.same(one(shop.strange().words())),
                "color", Spoken.same(one(shop.strange().colors())),
                "year", Spoken.same(String.valueOf(1000 + random.nextInt(1100))),
                "n", Spoken.same(String.valueOf(random.nextInt(100))),
                "m", Spoken.same(String.valueOf(random.nextInt(100))));
        say(way(shop.strange().questions()), End.QUESTION, words);
        answer(one(shop.strange().answers()));
    }

    /** So each token has been an answer once: an adapter cannot teach a frozen head a token that it never wrote. */
    private void repeat() {
        List<String> all = shop.words();
        String words = IntStream.rangeClosed(0, random.nextInt(5))
                .mapToObj(i -> one(all))
                .collect(Collectors.joining(" "));
        say(way(shop.repeat()), End.NOTHING, Map.of("words", Spoken.same(words)));
        answer(words);
    }

    private void function(Function function) {
        boolean saysAll = function.without().isEmpty() || random.nextInt(3) > 0;
        Map<String, Spoken> words = arguments();
        Map<String, Object> said = say(way(saysAll ? function.requests() : function.without()), End.QUESTION, words);
        if (!functions.contains(function)) {
            answer(one(function.alone()));
            return;
        }
        if (!saysAll) {
            answer(one(function.asks()));
            said = say(way(function.gives()), End.PLAIN, words);
        }
        ToolCall call = call(function, said);
        messages.add(ChatMessage.ofToolCalls(null, List.of(call)));
        if (!isNew) {
            result(function, call, words);
        }
    }

    /** The arguments stand in the order of the schema, whatever the order in the sentence. */
    private static ToolCall call(Function function, Map<String, Object> said) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        for (String name : function.arguments()) {
            arguments.put(name, said.get(name));
        }
        return ToolCall.of(function.asTool().name(), arguments);
    }

    private void result(Function function, ToolCall call, Map<String, Spoken> words) {
        Result result = one(function.results());
        List<String> two = new ArrayList<>(shop.teas().stream().map(Tea::tea).toList());
        Collections.shuffle(two, random);
        Map<String, String> values = new LinkedHashMap<>();
        words.forEach((name, value) -> values.put(name, String.valueOf(value.value())));
        values.put("first", two.get(0));
        values.put("second", two.get(1));
        if (!call.argumentMap().containsKey("day")) {
            values.put("day", one(shop.days()));
        }
        messages.add(ChatMessage.ofToolResult(call, fill(result.result(), values)));
        answer(fill(result.answer(), values));
    }

    private static String fill(String text, Map<String, String> values) {
        String filled = text;
        for (Map.Entry<String, String> value : values.entrySet()) {
            filled = filled.replace("{" + value.getKey() + "}", value.getValue());
        }
        return filled;
    }

    private Map<String, Spoken> arguments() {
        int people = 2 + random.nextInt(NUMBERS.size());
        int digits = 3 + random.nextInt(4);
        int order = (int) Math.pow(10, digits - 1) + random.nextInt((int) (9 * Math.pow(10, digits - 1)));
        int euros = 5 + random.nextInt(26);
        return Map.of(
                "order", new Spoken(String.valueOf(order), order),
                "day", Spoken.same(one(shop.days())),
                "people", new Spoken(random.nextBoolean() ? NUMBERS.get(people - 2) : String.valueOf(people), people),
                "kind", Spoken.same(one(shop.teas()).kind()),
                "most_price", new Spoken(String.valueOf(euros), euros));
    }

    /** Lets the guest say something, with or without a greeting, capitals and marks. Returns the values in it. */
    private Map<String, Object> say(String pattern, End end, Map<String, Spoken> words) {
        Phrase phrase = Phrase.of(pattern, random, words::get);
        String text = phrase.text();
        int style = random.nextInt(10);
        if (end != End.PLAIN && style < 2) {
            text = one(shop.openings()) + lower(text);
        } else if (style < 5) {
            text = lower(text);
        }
        messages.add(ChatMessage.of("user", text + one(end.marks)));
        return phrase.places().stream()
                .collect(Collectors.toMap(
                        Phrase.Place::name, place -> place.spoken().value(), (a, b) -> a, LinkedHashMap::new));
    }

    /** A sentence that begins with "I" or a name keeps its capital. */
    private static String lower(String text) {
        boolean isName = text.startsWith("I ")
                || text.startsWith("I'")
                || Character.isUpperCase(text.charAt(Math.min(1, text.length() - 1)));
        return isName ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }

    private void answer(String text) {
        messages.add(ChatMessage.of(ChatMessage.ASSISTANT, text));
    }
}
