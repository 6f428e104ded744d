package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The forms in which families write calls, as their cards and their templates have them. */
class ToolFormatTest {
    private static final ToolCall OSLO = ToolCall.of("weather", "{\"city\": \"Oslo\"}");
    private static final ToolCall ROME = ToolCall.of("time", "{\"city\": \"Rome\", \"utc\": [1, {\"a\": null}]}");

    private static ToolAnswer answer(String text, ToolCall... calls) {
        return new ToolAnswer(text, List.of(calls));
    }

    @Test
    void theSampleOfThePackage() {
        ToolAnswer answer = ToolFormat.HERMES.read("""
                <tool_call>
                {"name": "weather", "arguments": {"city": "Oslo"}}
                </tool_call>""");
        ToolCall call = answer.calls().get(0);
        Object city = call.argumentMap().get("city");
        assertThat(city).isEqualTo("Oslo");
    }

    @Test
    void readsHermes() {
        String two = """
                Let me look.
                <tool_call>
                {"name": "weather", "arguments": {"city": "Oslo"}}
                </tool_call>
                <tool_call>
                {"name": "time", "arguments": {"city": "Rome", "utc": [1, {"a": null}]}}
                </tool_call>""";
        assertThat(ToolFormat.HERMES.read(two)).isEqualTo(answer("Let me look.", OSLO, ROME));
        assertThat(ToolFormat.HERMES.read(two + "\n")).isEqualTo(answer("Let me look.", OSLO, ROME));
        assertThat(ToolFormat.HERMES.read(two + "\nThere.\n")).isEqualTo(answer("Let me look.\nThere.\n", OSLO, ROME));
        // As with the stop text </tool_call>, or at the last token of the answer.
        assertThat(ToolFormat.HERMES.read("<tool_call>{\"name\":\"weather\",\"arguments\":{\"city\": \"Oslo\"}}\n"))
                .isEqualTo(answer("", OSLO));
    }

    @Test
    void readsLlama() {
        String one = "{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\"}}";
        String other = "{\"type\": \"function\", \"name\": \"time\", \"parameters\": " + ROME.arguments() + "}";
        assertThat(ToolFormat.LLAMA3.read(one)).isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.LLAMA3.read(" \n<|python_tag|>" + one)).isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.LLAMA3.read(one + "; " + other)).isEqualTo(answer("", OSLO, ROME));
        assertThat(ToolFormat.LLAMA3.read("I see.<|python_tag|>" + one + ";" + other))
                .isEqualTo(answer("I see.", OSLO, ROME));
        // An object in a text is no call.
        assertThat(ToolFormat.LLAMA3.read("So: " + one)).isEqualTo(answer("So: " + one));
        String python = "<|python_tag|>brave_search.call(query=\"Oslo\")";
        assertThat(ToolFormat.LLAMA3.read(python)).isEqualTo(answer(python));
    }

    @Test
    void readsMistral() {
        String list = "{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}, \"id\": \"abcdefghi\"}, "
                + "{\"name\": \"time\", \"arguments\": " + ROME.arguments() + "}]";
        assertThat(ToolFormat.MISTRAL.read("[TOOL_CALLS] [" + list))
                .isEqualTo(answer("", OSLO.withId("abcdefghi"), ROME));
        assertThat(ToolFormat.MISTRAL.read("Yes [TOOL_CALLS][" + list + " Done"))
                .isEqualTo(answer("Yes Done", OSLO.withId("abcdefghi"), ROME));
    }

    @Test
    void readsMistralWithArguments() {
        assertThat(ToolFormat.MISTRAL_ARGS.read("Hm.[TOOL_CALLS]weather[ARGS]" + OSLO.arguments()
                        + "[TOOL_CALLS]time[CALL_ID]x1[ARGS]" + ROME.arguments()))
                .isEqualTo(answer("Hm.", OSLO, ROME.withId("x1")));
        assertThat(ToolFormat.MISTRAL_ARGS.read("[TOOL_CALLS][ARGS]{}")).isEqualTo(answer("[TOOL_CALLS][ARGS]{}"));
    }

    @Test
    void readsPhi() {
        String list =
                "[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}},{\"name\": \"time\", \"parameters\": "
                        + ROME.arguments() + "}]";
        assertThat(ToolFormat.PHI4_MINI.read("<|tool_call|>" + list + "<|/tool_call|>"))
                .isEqualTo(answer("", OSLO, ROME));
        assertThat(ToolFormat.PHI4_MINI.read("<|tool_call|>" + list + " <|/tool_call|>!"))
                .isEqualTo(answer("!", OSLO, ROME));
        assertThat(ToolFormat.PHI4_MINI.read("functools" + list)).isEqualTo(answer("", OSLO, ROME));
        assertThat(ToolFormat.PHI4_MINI.read("<|tool_call|>" + list + " So")).isEqualTo(answer(" So", OSLO, ROME));
    }

    @Test
    void readsDeepSeek() {
        String call = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>%s\n```json\n%s\n```<｜tool▁call▁end｜>";
        String two = "<｜tool▁calls▁begin｜>" + call.formatted("weather", OSLO.arguments()) + "\n"
                + call.formatted("time", ROME.arguments()) + "<｜tool▁calls▁end｜>";
        assertThat(ToolFormat.DEEPSEEK.read("Hm. " + two)).isEqualTo(answer("Hm.", OSLO, ROME));
    }

    @ParameterizedTest
    @EnumSource
    void readsWhatItWrites(ToolFormat format) {
        ToolCall hard = ToolCall.of(
                "a-b.c_1", "{\"q\":\"}{\\\"]\\\\ \\u00e9 🚀 </tool_call> [ARGS]; \",\"n\":{\"m\":[[],{}]}}");
        for (List<ToolCall> calls : List.of(List.of(OSLO), List.of(OSLO, hard, ROME), List.of(hard))) {
            assertThat(format.read(format.write(calls))).isEqualTo(new ToolAnswer("", calls));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> format.write(List.of()))
                .withMessage("calls must have at least one call, found none");
    }

    @Test
    void writesIdsIfTheFamilyDoes() {
        List<ToolCall> calls = List.of(OSLO.withId("abcdefghi"), ROME.withId("abcdefghj"));
        assertThat(ToolFormat.MISTRAL.read(ToolFormat.MISTRAL.write(calls)).calls())
                .isEqualTo(calls);
        assertThat(ToolFormat.MISTRAL_ARGS
                        .read(ToolFormat.MISTRAL_ARGS.write(calls))
                        .calls())
                .isEqualTo(calls);
        assertThat(ToolFormat.HERMES.read(ToolFormat.HERMES.write(calls)).calls())
                .containsExactly(OSLO, ROME);
    }

    @Test
    void refusesANameThatAFormatCannotWrite() {
        ToolCall bad = ToolCall.of("a b", "{}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ToolFormat.MISTRAL_ARGS.write(List.of(bad)))
                .withMessage(
                        "the name of a call must have 1 to 128 characters without white space, brackets and quotes in the"
                                + " format MISTRAL_ARGS, found 'a b'");
        assertThat(ToolFormat.HERMES.read(ToolFormat.HERMES.write(List.of(bad))).calls())
                .containsExactly(bad);
    }

    /** Each of them is text, character by character. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{'name': 'f'}",
                "{'arguments': {}}",
                "{'name': '', 'arguments': {}}",
                "{'name': 1, 'arguments': {}}",
                "{'name': 'f', 'arguments': []}",
                "{'name': 'f', 'arguments': null}",
                "{'name': 'f', 'arguments': '{}'}",
                "{'name': 'f', 'arguments': {}, 'parameters': {}}",
                "{'name': 'f', 'arguments': {}, 'arguments': {}}",
                "{'name': 'f', 'arguments': {'a': 1, 'a': 2}}",
                "{'name': 'f', 'arguments': {}, 'more': 1}",
                "{'name': 'f', 'arguments': {}, 'more': {}}",
                "{'name': 'f', 'arguments': {}, 'type': 'code'}",
                "{'name': 'f', 'arguments': {}, 'id': 1}",
                "{'name': 'f', 'arguments': {'a': NaN}}",
                "{'name': 'f', 'arguments': {'a': 01}}",
                "{'name': 'f', 'arguments': {'a' 1}}",
                "{'name': 'f', 'arguments': {'a': 1]}",
                "{'name': 'f', 'arguments': {'a': '\\x'}}",
                "{'name': 'f', 'arguments': {'a': 'b",
                "{'name': 'f', 'arguments': {'a': 1}",
                "{'name': 'f', 'arguments': {}",
                "{'na",
                "{",
                "``",
                "[{'name': 'f', 'arguments': {}}]",
                "<tool_call>"
            })
    void whatIsNoCallStaysText(String inside) {
        String text = "A \n<tool_call>\n" + inside.replace('\'', '"') + " \n";
        assertThat(ToolFormat.HERMES.read(text)).isEqualTo(answer(text));
        assertThat(ToolFormat.HERMES.read(text + "</tool_call>")).isEqualTo(answer(text + "</tool_call>"));
    }

    @Test
    void whatFollowsOnACallInsteadOfItsMarkIsText() {
        assertThat(ToolFormat.HERMES.read("A <tool_call>{\"name\": \"f\", \"arguments\": {}}x </tool_call> "))
                .isEqualTo(answer("Ax </tool_call> ", ToolCall.of("f", "{}")));
    }

    @Test
    void aGoodCallIsReadAfterABrokenOne() {
        String good = "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";
        assertThat(ToolFormat.HERMES.read("<tool_call>{\"name\": " + good))
                .isEqualTo(answer("<tool_call>{\"name\":", OSLO));
        assertThat(ToolFormat.HERMES.read("<tool_call>{\"name\": \"f\", \"arguments\": {" + good))
                .isEqualTo(answer("<tool_call>{\"name\": \"f\", \"arguments\": {", OSLO));
        assertThat(ToolFormat.MISTRAL.read(
                        "[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}, {\"name\"}]"))
                .isEqualTo(answer(", {\"name\"}]", OSLO));
    }

    @Test
    void theOrderOfTheFieldsIsFree() {
        assertThat(
                        ToolFormat.HERMES.read(
                                "<tool_call>{\"arguments\":{\"city\": \"Oslo\"},\"type\":\"function\",\"id\":\"7\",\"name\":\"weather\"}</tool_call>"))
                .isEqualTo(answer("", OSLO.withId("7")));
    }

    @Test
    void anUnknownFunctionIsACall() {
        ToolCall call = ToolFormat.HERMES
                .read("<tool_call>{\"name\": \"n\\u00f6 \\\"such\\\"\", \"arguments\": {}}</tool_call>")
                .calls()
                .get(0);
        assertThat(call.name()).isEqualTo("nö \"such\"");
    }

    @Test
    void aFormatIsFoundByItsMarks() {
        assertThat(ToolFormat.find("{{ messages }}")).isEmpty();
        assertThat(ToolFormat.find("a\n<tool_call>")).isEqualTo(Optional.of(ToolFormat.HERMES));
        assertThat(ToolFormat.find("<tool_call>\n<function=")).isEmpty();
        assertThat(ToolFormat.find("<tool_call>f<arg_key>")).isEmpty();
        assertThat(ToolFormat.find("'[TOOL_CALLS] ['")).isEqualTo(Optional.of(ToolFormat.MISTRAL));
        assertThat(ToolFormat.find("'[TOOL_CALLS]' + '[ARGS]'")).isEqualTo(Optional.of(ToolFormat.MISTRAL_ARGS));
        assertThat(ToolFormat.find("'<|tool_call|>'")).isEqualTo(Optional.of(ToolFormat.PHI4_MINI));
        assertThat(ToolFormat.find("'<|python_tag|>'")).isEqualTo(Optional.of(ToolFormat.LLAMA3));
        assertThat(ToolFormat.find("'<|start_header_id|>' '\"parameters\": '"))
                .isEqualTo(Optional.of(ToolFormat.LLAMA3));
        assertThat(ToolFormat.find("<｜tool▁call▁begin｜>f```json")).isEqualTo(Optional.of(ToolFormat.DEEPSEEK));
        assertThat(ToolFormat.find("<｜tool▁call▁begin｜>")).isEmpty();
    }
}
