package org.lora4j.example.text.calendar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tools.ForcedCall;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolFormat;

/** The requests and their calls. */
class AssistantTest {
    private static Function<String, Spoken> numbered() {
        int[] count = {0};
        return kind -> new Spoken(kind + ++count[0], count[0]);
    }

    /** A sentence with the values x and y at its end. */
    private static Phrase said(String words) {
        return new Phrase(
                words + "x1kind2",
                List.of(
                        new Phrase.Place("x", words.length(), new Spoken("x1", 1)),
                        new Phrase.Place("y", words.length() + 2, new Spoken("kind2", 2))));
    }

    @Test
    void aPatternSaysOneOfItsAlternatives() {
        Set<Phrase> phrases = new HashSet<>();
        Random random = new Random(1);
        for (int i = 0; i < 100; i++) {
            phrases.add(Phrase.of("(a|b (c|))|{x}{y=kind}", random, numbered()));
        }
        assertThat(phrases).containsExactlyInAnyOrder(said("A|"), said("B c|"), said("B |"));
        assertThat(said("A|").values()).isEqualTo(Map.of("x", 1, "y", 2));
        assertThat(said("A|").places().get(1).end()).isEqualTo("A|x1kind2".length());
        assertThat(new Phrase("Meet Ann-Marie.", List.of()).says("Ann")).isTrue();
        assertThat(new Phrase("Meet Anna.", List.of()).says("Ann")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "time | noon | 12:00",
                "time | 9 am | 09:00",
                "time | 3:30 pm | 15:30",
                "time | 12:15 pm | 12:15",
                "time | 9:05 | 09:05",
                "date | 12 May | 05-12",
                "date | May 3 | 05-03",
                "minutes | half an hour | 30",
                "minutes | 45 minutes | 45",
                "number | seven | 7",
                "number | 10 | 10",
                "degrees | 21.5 degrees | 21.5",
                "brightness | 40% | 40",
            })
    void wordsMeanTheirValues(String kind, String words, String value) {
        Speaker speaker = new Speaker(Map.of(), 0, new Random(1));
        for (int i = 0; i < 100_000; i++) {
            Spoken spoken = speaker.say(kind);
            if (spoken.words().equals(words)) {
                assertThat(spoken.value()).hasToString(value);
                return;
            }
        }
        throw new AssertionError("never said: " + words);
    }

    @Test
    void theSeedDecidesTheRequests() throws IOException {
        Assistant calendar = Assistant.read("calendar");
        assertThat(calendar.requests(200, 7)).isEqualTo(calendar.requests(200, 7));
        assertThat(Assistant.read("calendar").requests(200, 7)).isEqualTo(calendar.requests(200, 7));
        assertThat(calendar.requests(200, 8)).isNotEqualTo(calendar.requests(200, 7));
    }

    @Test
    void theTestHasOtherTextsAndNewWords() throws IOException {
        Assistant calendar = Assistant.read("calendar");
        List<Request> train = calendar.requests(3000, 2);
        List<Request> test = calendar.newRequests(500, 3, train);
        Set<String> texts = train.stream().map(Request::text).collect(Collectors.toSet());
        assertThat(texts).hasSize(3000);
        assertThat(test).hasSize(500).noneMatch(request -> texts.contains(request.text()));
        assertThat(test.stream().map(Request::text).distinct()).hasSize(500);
        assertThat(train).noneMatch(Request::isNew);
        assertThat(test.stream().filter(Request::isNew).count()).isBetween(150L, 400L);
        // All functions are asked for, about as often, and in many ways.
        Map<String, Long> functions =
                test.stream().collect(Collectors.groupingBy(one -> one.call().name(), Collectors.counting()));
        assertThat(functions).hasSize(6);
        assertThat(functions.values()).allMatch(count -> count >= 50);
        assertThat(train.stream()
                        .map(one -> one.text().replaceAll(" .*", ""))
                        .distinct()
                        .count())
                .isGreaterThan(30);
    }

    @Test
    void newWordsAreNotInTheRequestsForTraining() throws IOException {
        Assistant calendar = Assistant.read("calendar");
        String all = calendar.requests(3000, 2).stream().map(Request::text).collect(Collectors.joining("\n"));
        assertThat(all).contains("Maria", "budget").doesNotContain("Yvonne", "insurance");
        String home = Assistant.read("home").requests(3000, 1).stream()
                .map(request -> request.call().name())
                .distinct()
                .collect(Collectors.joining());
        assertThat(calendar.tools()).noneMatch(tool -> home.contains(tool.name()));
    }

    /** The grammar of the functions takes each expected call, token by token, and nothing can follow. */
    @Tag("slow")
    @ParameterizedTest
    @ValueSource(strings = {"home", "calendar"})
    void callsFitTheSchemasOfTheirFunctions(String name, @TempDir Path temp) throws IOException {
        Assistant assistant = Assistant.read(name);
        List<Tool> tools = assistant.tools();
        ForcedCall call = ForcedCall.of(ToolFormat.HERMES, tools);
        try (DecoderFolder decoder = SmallLlama.create(temp, 1)) {
            TokenConstraint constraint = decoder.grammars().constraint(call, call::grammar);
            List<Request> requests = assistant.requests(500, 5);
            List<TokenExample> examples = CalendarLoRA.examples(
                    decoder,
                    requests.stream().map(request -> request.answered(tools)).toList());
            for (int i = 0; i < examples.size(); i++) {
                int[] answer = examples.get(i).answer();
                assertThat(decoder.tokenizer().decode(answer, false))
                        .startsWith("<tool_call>\n{")
                        .endsWith("}\n</tool_call><|end|>");
                // The end of the text is no part of the grammar.
                int[] ids = Arrays.copyOf(answer, answer.length - 1);
                TokenConstraint.State state = constraint.begin(128);
                for (int id : ids) {
                    BitSet allowed = new BitSet();
                    state.allowed(allowed);
                    assertThat(allowed.get(id)).as("%s", requests.get(i)).isTrue();
                    state.accept(id);
                }
                assertThat(state.isComplete()).as("%s", requests.get(i)).isTrue();
                assertThat(state.canContinue()).isFalse();
                assertThat(examples.get(i).length()).isLessThan(200);
            }
        }
    }
}
