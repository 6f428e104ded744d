package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers that come part by part. */
class ToolReaderTest {
    private static final String CALL = "{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}";

    private static List<AnswerPart> read(ToolFormat format, String... parts) {
        ToolReader reader = format.reader();
        List<AnswerPart> all = new ArrayList<>();
        for (String part : parts) {
            all.addAll(reader.add(part));
        }
        all.addAll(reader.end());
        return all;
    }

    /** What a client has that puts the deltas together itself. */
    private static ToolAnswer together(List<AnswerPart> parts) {
        StringBuilder text = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        String name = "";
        StringBuilder arguments = new StringBuilder();
        for (AnswerPart part : parts) {
            if (part instanceof AnswerPart.Text some) {
                assertThat(some.text()).isNotEmpty();
                text.append(some.text());
            } else if (part instanceof AnswerPart.CallBegins begin) {
                assertThat(begin.index()).isEqualTo(calls.size());
                name = begin.name();
                arguments.setLength(0);
            } else if (part instanceof AnswerPart.Arguments some) {
                assertThat(some.index()).isEqualTo(calls.size());
                assertThat(some.json()).isNotEmpty();
                arguments.append(some.json());
            } else if (part instanceof AnswerPart.CallEnds end) {
                assertThat(end.index()).isEqualTo(calls.size());
                assertThat(end.call().name()).isEqualTo(name);
                assertThat(end.call().arguments()).hasToString(arguments.toString());
                calls.add(end.call());
            } else if (part instanceof AnswerPart.CallFails fail) {
                assertThat(fail.index()).isEqualTo(calls.size());
            }
        }
        return new ToolAnswer(text.toString(), calls);
    }

    private static String[] split(String text, SplittableRandom random) {
        List<String> parts = new ArrayList<>();
        int most = 1 + random.nextInt(12);
        for (int from = 0; from < text.length(); ) {
            int to = Math.min(text.length(), from + random.nextInt(most + 1));
            parts.add(text.substring(from, to));
            from = to;
        }
        return parts.toArray(String[]::new);
    }

    /** A text of pieces of calls and of texts, which is mostly not a good answer. */
    private static String pieces(ToolFormat format, SplittableRandom random) {
        List<ToolCall> calls = List.of(
                ToolCall.of("f", "{}"),
                ToolCall.of("weather", "{\"a\":\"}{\\\"🚀 é\\\\\", \"b\": [1, {\"c\": -2.5e3, \"d\": null}]}"));
        String whole = format.write(calls.subList(0, 1 + random.nextInt(2)));
        List<String> some = new ArrayList<>(format.marks());
        some.addAll(List.of(
                whole, whole, whole, CALL, "Hello 🚀", " ", "\n", ",", ";", "[", "]", "{", "}", "f", "\"", "```"));
        some.add(whole.substring(0, random.nextInt(whole.length())));
        some.add(whole.substring(random.nextInt(whole.length())));
        return random.ints(1 + random.nextInt(7), 0, some.size())
                .mapToObj(some::get)
                .collect(Collectors.joining());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("slow")
    void theWholeIsTheSameForEverySplit(ToolFormat format) {
        SplittableRandom random = new SplittableRandom(7);
        int calls = 0;
        int texts = 0;
        for (int i = 0; i < 1_000; i++) {
            String answer = pieces(format, random);
            ToolAnswer whole = format.read(answer);
            List<AnswerPart> parts = read(format, split(answer, random));
            assertThat(together(parts)).as(answer).isEqualTo(whole);
            assertThat(ToolAnswer.of(parts)).as(answer).isEqualTo(whole);
            if (whole.calls().isEmpty()) {
                assertThat(whole.text()).isEqualTo(answer);
            }
            calls += whole.calls().size();
            texts += whole.text().isEmpty() ? 0 : 1;
        }
        assertThat(calls).isGreaterThan(250);
        assertThat(texts).isGreaterThan(500);
    }

    @Test
    void theNameComesFirstAndThenTheArguments() {
        ToolReader reader = ToolFormat.HERMES.reader();
        assertThat(reader.add("Let")).containsExactly(new AnswerPart.Text("Let"));
        assertThat(reader.add(" me.\n<tool_")).containsExactly(new AnswerPart.Text(" me."));
        assertThat(reader.add("call>\n{\"name\": \"wea")).isEmpty();
        assertThat(reader.add("ther\", \"arguments\":")).isEmpty();
        assertThat(reader.add(" {\"ci"))
                .containsExactly(new AnswerPart.CallBegins(0, "weather"), new AnswerPart.Arguments(0, "{\"ci"));
        assertThat(reader.add("ty\": \"Oslo\"}}"))
                .containsExactly(
                        new AnswerPart.Arguments(0, "ty\": \"Oslo\"}"),
                        new AnswerPart.CallEnds(0, ToolCall.of("weather", "{\"city\": \"Oslo\"}")));
        assertThat(reader.add("\n</tool_call>\nBye")).containsExactly(new AnswerPart.Text("\nBye"));
        assertThat(reader.end()).isEmpty();
        assertThatIllegalStateException()
                .isThrownBy(() -> reader.add("x"))
                .withMessage("a part must come before the end, found one after it; make another reader");
    }

    @Test
    void aCallThatIsNotFinishedFailsAndIsText() {
        ToolReader reader = ToolFormat.HERMES.reader();
        reader.add("<tool_call>{\"name\": \"weather\", \"arguments\": {\"ci");
        assertThat(reader.end())
                .containsExactly(
                        new AnswerPart.CallFails(0),
                        new AnswerPart.Text("<tool_call>{\"name\": \"weather\", \"arguments\": {\"ci"));
    }

    private static String answer(ToolFormat format, String arguments) {
        return format.write(List.of(ToolCall.of("f", "{\"x\": 1}"))).replace("{\"x\": 1}", arguments);
    }

    /** A text with some characters that are others. */
    private static String withMistakes(String text, int count, SplittableRandom random) {
        String letters = "{}[]:,\"0e1-.truefalsn \\<>|/='()`\n";
        StringBuilder changed = new StringBuilder(text);
        for (int j = 0; j < count; j++) {
            int at = random.nextInt(changed.length());
            String some = String.valueOf(letters.charAt(random.nextInt(letters.length())));
            changed.replace(at, at + random.nextInt(2), random.nextBoolean() ? some : "");
        }
        return changed.toString();
    }

    /** The parser that takes characters one by one lets some of these pass. */
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"QWEN3_CODER", "SEED_OSS", "GLM4", "MINIMAX_M2", "PYTHONIC", "LFM2", "GEMMA3", "GEMMA4"})
    void brokenArgumentsAreText(ToolFormat format) {
        List<String> broken = List.of(
                "{\"city\": \"Oslo\",}",
                "{\"city\": }",
                "{\"city\":}",
                "{\"city\"}",
                "{,}",
                "{\"a\": [1,]}",
                "{\"a\": [,1]}",
                "{\"a\": {\"b\": 1,}}",
                "{\"a\": 1,, \"b\": 2}",
                "{\"a\": 1 \"b\": 2}",
                "{\"a\": 01}",
                "{\"a\": 1.}",
                "{\"a\": 1e}",
                "{\"a\": -}",
                "{\"a\": +1}",
                "{\"a\": .5}",
                "{\"a\": nul}",
                "{\"a\": NaN}",
                "{\"a\": True}",
                "{'a': 1}",
                "{a: 1}",
                "{\"a\": \"\\x\"}",
                "{\"a\": \"\n\"}",
                "{\"a\": \"\\u12\"}",
                "{\"a\": 1, \"a\": 2}",
                "{\"a\": 1 // note\n}");
        for (String arguments : broken) {
            String answer = answer(format, arguments);
            assertThat(format.read(answer)).as(answer).isEqualTo(new ToolAnswer(answer, List.of()));
            assertThat(together(read(format, answer.split("(?<=.)")))).isEqualTo(new ToolAnswer(answer, List.of()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrittenWithAnyMistakeIsACallOrText(ToolFormat format) {
        SplittableRandom random = new SplittableRandom(3);
        ToolCall call = ToolCall.of("f", "{\"city\": \"Oslo\", \"n\": [1, {\"m\": null}], \"t\": true}");
        for (int i = 0; i < 200; i++) {
            String answer = withMistakes(format.write(List.of(call)), 1 + i % 3, random);
            ToolAnswer found = format.read(answer);
            assertThat(together(read(format, split(answer, random)))).as(answer).isEqualTo(found);
            if (found.calls().isEmpty()) {
                assertThat(found.text()).isEqualTo(answer);
            }
        }
    }

    /** The text does not wait for the end of the answer. */
    @Test
    void brokenJsonIsTextAtOnce() {
        ToolReader reader = ToolFormat.HERMES.reader();
        reader.add("<tool_call>{\"name\": \"weather\", \"arguments\": {");
        assertThat(reader.add("city"))
                .containsExactly(
                        new AnswerPart.CallFails(0),
                        new AnswerPart.Text("<tool_call>{\"name\": \"weather\", \"arguments\": {city"));
    }

    @Test
    void ordinaryTextDoesNotWait() {
        ToolReader reader = ToolFormat.LLAMA3.reader();
        assertThat(reader.add("{ \"a\": 1, \"name\": 2"))
                .containsExactly(new AnswerPart.Text("{ \"a\": 1, \"name\": 2"));
        assertThat(reader.add("< |")).containsExactly(new AnswerPart.Text("< |"));
    }

    @Test
    void whiteSpaceWithoutACallIsKept() {
        assertThat(ToolFormat.HERMES.read(" \n a \n ").text()).isEqualTo(" \n a \n ");
        String much = " ".repeat(2_000);
        assertThat(ToolFormat.HERMES.read(much).text()).isEqualTo(much);
        ToolAnswer answer = ToolFormat.HERMES.read(much + "<tool_call>" + CALL + "</tool_call>" + much);
        assertThat(answer.calls()).hasSize(1);
        assertThat(answer.text()).isBlank().hasSizeBetween(2_000, 4_000);
    }

    @Test
    void aCallHasAtMostAMillionCharacters() {
        String call = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"%s\"}}</tool_call>";
        String large = call.formatted("x".repeat(900_000));
        assertThat(ToolFormat.HERMES.read(large).calls()).hasSize(1);
        String tooLarge = call.formatted("x".repeat(1_100_000));
        assertThat(ToolFormat.HERMES.read(tooLarge)).isEqualTo(new ToolAnswer(tooLarge, List.of()));
        String deep = call.formatted("\", \"b\":" + "[".repeat(2_000));
        assertThat(ToolFormat.HERMES.read(deep)).isEqualTo(new ToolAnswer(deep, List.of()));
    }

    /** It takes a time that grows with the answer, not with its square. */
    @Test
    @Tag("slow")
    void hostileAnswersAreReadInTime() {
        for (String part : List.of(
                "<tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\":\"", " ", "<tool_call> {", CALL)) {
            String answer = part.repeat(500_000 / part.length());
            ToolAnswer read = ToolFormat.HERMES.read(answer);
            assertThat(read.text()).hasSize(answer.length());
        }
        String calls = ("<tool_call>" + CALL + "</tool_call>").repeat(10_000);
        assertThat(ToolFormat.HERMES.read(calls).calls()).hasSize(10_000);
    }
}
