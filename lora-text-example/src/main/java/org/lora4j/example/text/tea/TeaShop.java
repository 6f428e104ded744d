package org.lora4j.example.text.tea;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.example.text.tea.Talk.Purpose;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.Tool;

/**
 * What a made-up tea shop knows, and how its guests ask for it: the file {@code tea.json}.
 *
 * @param openings what a guest may say before a question
 * @param days the days of the week
 * @param teas the teas
 * @param teaTopics what a guest may ask about a tea
 * @param kindTopics what a guest may ask about a kind of tea
 * @param tasteTopics what a guest may like, and a tea for it
 * @param tasteQuestions how a guest says it
 * @param tasteAnswers what the shop answers
 * @param dayTopics what a guest may ask about a day
 * @param topics all other questions with their answers
 * @param strange questions that have nothing to do with the shop
 * @param repeat how a guest asks to repeat words
 * @param functions the functions of the shop
 * @param pirate how a pirate answers
 * @param december what is different in December
 */
record TeaShop(
        List<String> openings,
        List<String> days,
        List<Tea> teas,
        List<TeaTopic> teaTopics,
        List<Topic> kindTopics,
        List<TasteTopic> tasteTopics,
        List<String> tasteQuestions,
        List<String> tasteAnswers,
        List<DayTopic> dayTopics,
        List<Topic> topics,
        Strange strange,
        List<String> repeat,
        List<Function> functions,
        Tone pirate,
        December december) {

    /** A tea, in the words of the answers. */
    record Tea(
            String tea,
            String kind,
            String price,
            String origin,
            String taste,
            String minutes,
            String degrees,
            String caffeine,
            String time) {
        /** Returns a text with its places filled. */
        String fill(String text) {
            return text.replace("{tea}", tea)
                    .replace("{kind}", kind)
                    .replace("{article}", kind.equals("oolong") ? "an" : "a")
                    .replace("{price}", price)
                    .replace("{origin}", origin)
                    .replace("{taste}", taste)
                    .replace("{minutes}", minutes)
                    .replace("{degrees}", degrees)
                    .replace("{caffeine}", caffeine)
                    .replace("{time}", time);
        }
    }

    /** Questions about a tea by its name, questions about the tea of which both speak, and the answers. */
    record TeaTopic(List<String> questions, List<String> follow, List<String> answers) {}

    /** Questions with their answers. A plain one has no opening. */
    record Topic(List<String> questions, List<String> answers, boolean plain) {}

    /** Words of a wish, and the tea for it. */
    record TasteTopic(List<String> words, String tea) {}

    /** Questions about a day, with the answers if the shop is open and if it is not. */
    record DayTopic(List<String> questions, List<String> open, List<String> closed) {}

    /** Questions that the shop cannot answer, with the words of them. */
    record Strange(List<String> questions, List<String> answers, List<String> words, List<String> colors) {}

    /** What a function may give back, and what the shop says then. */
    record Result(String result, String answer) {}

    /** A function, requests that say all of its arguments, requests that do not, and what is said about both. */
    record Function(
            Map<String, Object> tool,
            List<String> requests,
            List<String> without,
            List<String> asks,
            List<String> gives,
            List<String> alone,
            List<Result> results) {
        Function {
            without = Objects.requireNonNullElse(without, List.of());
            asks = Objects.requireNonNullElse(asks, List.of());
            gives = Objects.requireNonNullElse(gives, List.of());
        }

        Tool asTool() {
            return Tool.ofMap(tool);
        }

        /** Returns the names of the arguments, in the order of the schema. */
        List<String> arguments() {
            return asTool().parameters().get("properties") instanceof Map<?, ?> properties
                    ? properties.keySet().stream().map(String::valueOf).toList()
                    : List.of();
        }
    }

    /** Teas and answers that hold in December; the key is the first question of a topic. */
    record December(List<Tea> teas, List<String> day, Map<String, String> topics) {}

    private static final int FOR_THE_BASE = 0;
    private static final int FOR_THE_PIRATE = 1;
    private static final int FOR_DECEMBER = 2;

    /** Reads the file. */
    static TeaShop read() throws IOException {
        try (InputStream json = Objects.requireNonNull(TeaShop.class.getResourceAsStream("tea.json"))) {
            return new ObjectMapper().readValue(json, TeaShop.class);
        }
    }

    private static Random random(long seed, int what) {
        return new Random(31 * seed + what);
    }

    /** Makes conversations of one to four questions, about half of them with functions. */
    List<Conversation> conversations(int count, long seed) {
        Random random = random(seed, FOR_THE_BASE);
        return Stream.generate(() -> new Talk(this, random, Purpose.MODEL).conversation())
                .limit(count)
                .toList();
    }

    /** Makes conversations of one question, which no training asks in these words. */
    List<Conversation> newQuestions(int count, long seed) {
        Random random = random(seed, FOR_THE_BASE);
        return Stream.generate(() -> new Talk(this, random, Purpose.TEST).oneQuestion())
                .distinct()
                .limit(count)
                .toList();
    }

    /** Makes conversations in which a pirate answers; those of a test have one question. */
    List<Conversation> pirate(int count, long seed, Purpose purpose) {
        Random random = random(seed, FOR_THE_PIRATE);
        return Stream.generate(() -> new Talk(this, random, purpose))
                .map(talk -> purpose == Purpose.TEST_OF_ADAPTER ? talk.oneQuestion() : talk.conversation())
                .map(pirate::of)
                .distinct()
                .limit(count)
                .toList();
    }

    /** Makes conversations in December: half about what is different, and for a training half about what is not. */
    List<Conversation> december(int count, long seed, Purpose purpose) {
        Random random = random(seed, FOR_DECEMBER);
        TeaShop december = inDecember();
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> {
                    Talk talk = new Talk(december, random, purpose);
                    return i % 2 == 0 || purpose == Purpose.TEST_OF_ADAPTER ? talk.december() : talk.conversation();
                })
                .distinct()
                .limit(count)
                .toList();
    }

    /** Returns the shop as it is in December. */
    private TeaShop inDecember() {
        List<Tea> more = new ArrayList<>(teas);
        more.addAll(december.teas());
        List<Topic> changed = topics.stream().map(this::inDecember).toList();
        return new TeaShop(
                openings,
                days,
                more,
                teaTopics,
                kindTopics,
                tasteTopics,
                tasteQuestions,
                tasteAnswers,
                dayTopics.stream()
                        .map(topic -> new DayTopic(topic.questions(), december.day(), december.day()))
                        .toList(),
                changed,
                strange,
                repeat,
                functions,
                pirate,
                december);
    }

    private Topic inDecember(Topic topic) {
        String answer = december.topics().get(topic.questions().get(0));
        return answer == null ? topic : new Topic(topic.questions(), List.of(answer), topic.plain());
    }

    /** Whether a topic has another answer in December. */
    boolean isOfDecember(Topic topic) {
        return december.topics().containsKey(topic.questions().get(0));
    }

    /** Returns all words that answers of the shop have in any season and tone, in their order. */
    List<String> words() {
        Stream<String> ofTeas = Stream.concat(teas.stream(), december.teas().stream())
                .flatMap(tea -> Stream.of(tea.tea(), tea.origin(), tea.taste(), tea.caffeine(), tea.time()));
        Stream<String> ofTopics = Stream.of(
                        topics.stream().flatMap(topic -> topic.answers().stream()),
                        december.topics().values().stream(),
                        december.day().stream(),
                        pirate.words().values().stream(),
                        Stream.of(pirate.begins(), pirate.ends()))
                .flatMap(texts -> texts);
        return Stream.concat(ofTeas, ofTopics)
                .flatMap(text -> Stream.of(text.strip().split("[ {}]+")))
                .distinct()
                .toList();
    }

    /** Returns the functions. */
    List<Tool> tools() {
        return functions.stream().map(Function::asTool).toList();
    }
}
