package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The forms in which families write calls, as their cards and their templates have them. */
class ToolFormatTest {
    private static final ToolCall OSLO = ToolCall.of("weather", "{\"city\": \"Oslo\"}");
    private static final ToolCall ROME = ToolCall.of("time", "{\"city\": \"Rome\", \"utc\": [1, {\"a\": null}]}");

    /** Which schema an argument has says what it is, where texts have no quotation marks. */
    private static final List<Tool> TYPED = List.of(Tool.of("f", "", """
            {"type": "object", "properties": {"text": {"type": "string"}, "number": {"type": "integer"},
             "flag": {"type": "boolean"}, "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
             "list": {"type": "array"}, "referred": {"$ref": "#/$defs/text"}},
             "$defs": {"text": {"type": "string"}}}"""));

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
            ToolAnswer read = format.read(format.write(calls));
            assertThat(read.text()).isEmpty();
            assertThat(read.calls()).hasSameSizeAs(calls);
            for (int i = 0; i < calls.size(); i++) {
                assertThat(read.calls().get(i).isSameAs(calls.get(i)))
                        .as("%s", read)
                        .isTrue();
            }
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
                        "the name of a call must have 1 to 128 characters without white space, brackets and quotes where"
                                + " it stands outside of JSON, found 'a b'");
        assertThat(ToolFormat.HERMES.read(ToolFormat.HERMES.write(List.of(bad))).calls())
                .containsExactly(bad);
    }

    /** Each of them is text, character by character. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{'name': 'f', 'arguments': '[]'}",
                "{'name': 'f', 'arguments': 'x'}",
                "{'name': 'f', 'arguments': '{}', 'parameters': {}}",
                "{'arguments': {}}",
                "{'name': '', 'arguments': {}}",
                "{'name': 1, 'arguments': {}}",
                "{'name': 'f', 'arguments': []}",
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
    void aFormatMayBeThatOfItsMarks() {
        assertThat(ToolFormat.candidates("{{ messages }}")).isEmpty();
        assertThat(ToolFormat.candidates("a\n<tool_call>")).containsExactly(ToolFormat.HERMES);
        assertThat(ToolFormat.candidates("<tool_call>\n<function="))
                .startsWith(ToolFormat.QWEN3_CODER, ToolFormat.HERMES);
        assertThat(ToolFormat.candidates("<tool_call>f<arg_key>")).containsExactly(ToolFormat.GLM4, ToolFormat.HERMES);
        assertThat(ToolFormat.candidates("'[TOOL_CALLS] ['")).containsExactly(ToolFormat.MISTRAL);
        assertThat(ToolFormat.candidates("'[TOOL_CALLS]' + '[ARGS]'"))
                .containsExactly(ToolFormat.MISTRAL_ARGS, ToolFormat.MISTRAL);
        assertThat(ToolFormat.candidates("'<|tool_call|>'")).containsExactly(ToolFormat.PHI4_MINI);
        assertThat(ToolFormat.candidates("<|start_of_role|>'<|tool_call|>'"))
                .containsExactly(ToolFormat.GRANITE, ToolFormat.PHI4_MINI);
        assertThat(ToolFormat.candidates("'<|python_tag|>'")).containsExactly(ToolFormat.LLAMA3);
        assertThat(ToolFormat.candidates("'<|start_header_id|>' '\"parameters\": '"))
                .containsExactly(ToolFormat.LLAMA3);
        assertThat(ToolFormat.candidates("<｜tool▁call▁begin｜>f```json")).containsExactly(ToolFormat.DEEPSEEK);
        assertThat(ToolFormat.candidates("<｜tool▁call▁begin｜>")).containsExactly(ToolFormat.DEEPSEEK_V31);
        assertThat(ToolFormat.candidates("<tool_calls>")).containsExactly(ToolFormat.APRIEL, ToolFormat.MINIMAX_M1);
    }

    @Test
    void readsQwen3Coder() {
        String call = """
                I look.
                <tool_call>
                <function=f>
                <parameter=text>
                5
                </parameter>
                <parameter=number>
                5
                </parameter>
                <parameter=flag>
                True
                </parameter>
                <parameter=either>
                null
                </parameter>
                <parameter=list>
                [1, {"a": "b"}]
                </parameter>
                <parameter=referred>
                def f():
                    return "<a>" + '\\n'

                </parameter>
                <parameter=other>
                2.5
                </parameter>
                <parameter=more>
                Oslo
                </parameter>
                </function>
                </tool_call>""";
        ToolAnswer read = ToolFormat.QWEN3_CODER.read(call, TYPED);
        assertThat(read.text()).isEqualTo("I look.");
        assertThat(read.calls())
                .singleElement()
                .satisfies(one -> assertThat(one.isSameAs(ToolCall.of("f", """
                {"text": "5", "number": 5, "flag": true, "either": null, "list": [1, {"a": "b"}],
                 "referred": "def f():\\n    return \\"<a>\\" + '\\\\n'\\n", "other": 2.5, "more": "Oslo"}""")))
                        .as(one.arguments())
                        .isTrue());
        // Models leave out the first mark, or write two functions in one.
        String two = "<function=f>\n<parameter=text>\na\n</parameter>\n</function>\n";
        assertThat(ToolFormat.QWEN3_CODER.read(two + two + "</tool_call>", TYPED))
                .isEqualTo(answer("", ToolCall.of("f", "{\"text\": \"a\"}"), ToolCall.of("f", "{\"text\": \"a\"}")));
        assertThat(ToolFormat.QWEN3_CODER.read("<tool_call>\n<function=f>\n</function>\n</tool_call>"))
                .isEqualTo(answer("", ToolCall.of("f", "{}")));
        for (String broken : List.of(
                "<tool_call>\n<function=f>\n<parameter=text>\na\n</function>\n</tool_call>",
                "<tool_call>\n<function=f>\ntext\n</function>\n</tool_call>",
                "<tool_call>\n<function=f>\n<parameter=a b>\na\n</parameter>\n</function>\n</tool_call>",
                "<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter><parameter=a>\n2\n</parameter>\n</function>",
                "<tool_call>\n<function=>\n</function>\n</tool_call>")) {
            assertThat(ToolFormat.QWEN3_CODER.read(broken)).isEqualTo(answer(broken));
        }
    }

    @Test
    void readsGlm() {
        String lines = "Hm.\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>";
        assertThat(ToolFormat.GLM4.read(lines)).isEqualTo(answer("Hm.", OSLO));
        // As GLM-4.7 writes it.
        String short2 = "<tool_call>weather<arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call>";
        assertThat(ToolFormat.GLM4.read(short2 + short2)).isEqualTo(answer("", OSLO, OSLO));
        assertThat(ToolFormat.GLM4.read("<tool_call>f\n</tool_call>")).isEqualTo(answer("", ToolCall.of("f", "{}")));
    }

    @Test
    void readsMiniMax() {
        assertThat(ToolFormat.MINIMAX_M2.read("""
                Hm.
                <minimax:tool_call>
                <invoke name="weather">
                <parameter name="city">Oslo</parameter>
                </invoke>
                <invoke name="time">
                <parameter name="city">Rome</parameter>
                <parameter name="utc">[1, {"a": null}]</parameter>
                </invoke>
                </minimax:tool_call>""")).isEqualTo(answer("Hm.", OSLO, ROME));
        assertThat(ToolFormat.MINIMAX_M1.read(
                        "<tool_calls>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n"
                                + "{\"name\": \"time\", \"arguments\": " + ROME.arguments() + "}\n</tool_calls>"))
                .isEqualTo(answer("", OSLO, ROME));
    }

    @Test
    void readsKimi() {
        String call = "<|tool_call_begin|>%s<|tool_call_argument_begin|>%s<|tool_call_end|>";
        assertThat(ToolFormat.KIMI_K2.read("Hm.<|tool_calls_section_begin|>"
                        + call.formatted("functions.weather:0", OSLO.arguments())
                        + call.formatted("functions.time:1", ROME.arguments()) + "<|tool_calls_section_end|>"))
                .isEqualTo(answer("Hm.", OSLO.withId("functions.weather:0"), ROME.withId("functions.time:1")));
        String other = "<|tool_calls_section_begin|>" + call.formatted("weather", "{}");
        assertThat(ToolFormat.KIMI_K2.read(other)).isEqualTo(answer(other));
    }

    @Test
    void readsDeepSeekV31() {
        String call = "<｜tool▁call▁begin｜>%s<｜tool▁sep｜>%s<｜tool▁call▁end｜>";
        assertThat(ToolFormat.DEEPSEEK_V31.read("Hm.<｜tool▁calls▁begin｜>" + call.formatted("weather", OSLO.arguments())
                        + call.formatted("time", ROME.arguments()) + "<｜tool▁calls▁end｜>"))
                .isEqualTo(answer("Hm.", OSLO, ROME));
    }

    @Test
    void readsHarmony() {
        for (String header : List.of(
                "<|channel|>commentary to=functions.weather <|constrain|>json<|message|>",
                "<|channel|>commentary to=functions.weather<|constrain|>json<|message|>",
                "<|channel|>commentary to=functions.weather json<|message|>",
                " to=functions.weather<|channel|>commentary json<|message|>",
                " to=functions.weather<|channel|>commentary <|constrain|>json<|message|>",
                "<|channel|>analysis to=functions.weather <|message|>",
                "<|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>",
                "<|start|>assistant to=functions.weather<|channel|>commentary json<|message|>")) {
            assertThat(ToolFormat.HARMONY.read(header + OSLO.arguments() + "<|call|>"))
                    .as(header)
                    .isEqualTo(answer("", OSLO));
        }
        String own = "<|channel|>commentary to=python <|message|>{}";
        assertThat(ToolFormat.HARMONY.read(own)).isEqualTo(answer(own));
    }

    @Test
    void readsPython() {
        assertThat(ToolFormat.PYTHONIC.read("[weather(city=\"Oslo\"), time(city='Rome', utc=[1, {'a': None}])]"))
                .isEqualTo(answer("", OSLO, ROME));
        assertThat(ToolFormat.PYTHONIC.read("Hm.<|python_start|>[weather(city='Oslo')]<|python_end|>"))
                .isEqualTo(answer("Hm.", OSLO));
        assertThat(ToolFormat.LFM2.read("<|tool_call_start|>[weather(city=\"Oslo\")]<|tool_call_end|>Now."))
                .isEqualTo(answer("Now.", OSLO));
        assertThat(
                        ToolFormat.LFM2.read(
                                "<|tool_call_start|>[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}]<|tool_call_end|>"))
                .isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.PYTHONIC
                        .read(
                                "[f(a=True, b=-2.5e3, c=(1, 2,), d={}, e='it\\'s', g=\"\\x41\\u00e9\\q\", h='don't', i=null,)]")
                        .calls())
                .containsExactly(ToolCall.of(
                        "f",
                        "{\"a\": true, \"b\": -2.5e3, \"c\": [1, 2], \"d\": {}, \"e\": \"it's\", \"g\": \"Aé\\\\q\","
                                + " \"h\": \"don't\", \"i\": null}"));
        assertThat(ToolFormat.PYTHONIC.read("[f()]").calls()).containsExactly(ToolCall.of("f", "{}"));
        for (String text : List.of(
                "[1](link)",
                "[see(this)]",
                "[f(1)]",
                "[f(a=b)]",
                "[f(a=01)]",
                "[f(a=1 b=2)]",
                "[f(a=1, a=2)]",
                "[f(a=[1,,2])]",
                "[f(a=[1)]",
                "[f(a={'b'})]",
                "[f(a={1: 2})]",
                "[f(,)]",
                "[f(a=)]",
                "[f(a='x",
                "So: [f(a=1)]")) {
            assertThat(ToolFormat.PYTHONIC.read(text)).isEqualTo(answer(text));
        }
    }

    @Test
    void readsGemma() {
        assertThat(ToolFormat.GEMMA3.read("Hm.\n```tool_code\nweather(city=\"Oslo\")\n```\nNow."))
                .isEqualTo(answer("Hm.\nNow.", OSLO));
        assertThat(ToolFormat.GEMMA3.read("```tool_code\nprint(weather(city='Oslo'))\n```"))
                .isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.GEMMA3.read("```tool_code\n[weather(city='Oslo'), weather(city='Oslo')]\n```"))
                .isEqualTo(answer("", OSLO, OSLO));
        assertThat(ToolFormat.GEMMA3.read(
                        "```json\n{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\"}}\n```"))
                .isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.GEMMA4.read("<|tool_call>call:weather{city:<|\"|>Oslo<|\"|>}<tool_call|>"
                        + "<|tool_call>call:time{city:<|\"|>Rome<|\"|>,utc:[1,{a:None}]}<tool_call|>"))
                .isEqualTo(answer("", OSLO, ROME));
        assertThat(ToolFormat.GEMMA4
                        .read(
                                "<|tool_call>call:f{a:<|\"|>\"x\", {y}\\n<|\"|>,b:true,c:[<|\"|><|\"|>,\"z\"],<|\"|>d<|\"|>:word}<tool_call|>")
                        .calls())
                .containsExactly(ToolCall.of(
                        "f", "{\"a\": \"\\\"x\\\", {y}\\\\n\", \"b\": true, \"c\": [\"\", \"z\"], \"d\": \"word\"}"));
    }

    @Test
    void readsTheOthers() {
        String list = "[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}]";
        assertThat(ToolFormat.GRANITE.read("<|tool_call|>" + list)).isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.GRANITE.read("<tool_call>" + list)).isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.NEMOTRON.read("<TOOLCALL>" + list + "</TOOLCALL>"))
                .isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.APRIEL.read("Hm.\n<tool_calls>" + list + "</tool_calls>"))
                .isEqualTo(answer("Hm.", OSLO));
        assertThat(ToolFormat.FUNCTIONARY.read("<function=weather>{\"city\": \"Oslo\"}</function>"))
                .isEqualTo(answer("", OSLO));
        assertThat(
                        ToolFormat.SEED_OSS.read(
                                "<seed:tool_call>\n<function=weather>\n<parameter=city>Oslo</parameter>\n</function>\n</seed:tool_call>"))
                .isEqualTo(answer("", OSLO));
        assertThat(ToolFormat.MISTRAL_ARGS.read("[TOOL_CALLS]weather{\"city\": \"Oslo\"}"))
                .isEqualTo(answer("", OSLO));
    }

    /** What is slightly wrong behind a mark is read. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{'name': 'weather', 'arguments': '{\\'city\\': \\'Oslo\\'}'}",
                "{{'name': 'weather', 'arguments': {'city': 'Oslo'}}}",
                "{ {'name': 'weather', 'arguments': {'city': 'Oslo'}} }",
                "{'name': 'weather', 'arguments': {'city': 'Oslo'}}}",
                "[{'name': 'weather', 'arguments': {'city': 'Oslo'}}]"
            })
    void whatIsSlightlyWrongIsRead(String inside) {
        String text = "<tool_call>\n" + inside.replace('\'', '"') + "\n</tool_call>";
        assertThat(ToolFormat.HERMES.read(text)).isEqualTo(answer("", OSLO));
    }

    @Test
    void aCallWithoutArgumentsAndTwoInOneMarkAreRead() {
        ToolCall now = ToolCall.of("now", "{}");
        assertThat(ToolFormat.HERMES.read("<tool_call>{\"name\": \"now\"}</tool_call>"))
                .isEqualTo(answer("", now));
        assertThat(ToolFormat.HERMES.read("<tool_call>{\"name\": \"now\", \"arguments\": null}</tool_call>"))
                .isEqualTo(answer("", now));
        assertThat(ToolFormat.HERMES.read("<tool_call>{\"name\": \"now\", \"arguments\": \"\"}</tool_call>"))
                .isEqualTo(answer("", now));
        assertThat(ToolFormat.HERMES.read(
                        "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n{\"name\": \"now\"}\n</tool_call>"))
                .isEqualTo(answer("", now, now));
        assertThat(ToolFormat.MISTRAL_ARGS
                        .read("[TOOL_CALLS]weather[ARGS]{{\"city\": \"Oslo\"}}")
                        .calls())
                .containsExactly(OSLO);
        // An answer that is an object with a name is no call without a mark.
        assertThat(ToolFormat.LLAMA3.read("{\"name\": \"Ann\"}")).isEqualTo(answer("{\"name\": \"Ann\"}"));
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA3", "PYTHONIC"})
    void whatStandsInABlockOfCodeIsNoCall(ToolFormat format) {
        String call = format.write(List.of(OSLO));
        String text = "Write this:\n```xml\n" + call + "\n```\n";
        assertThat(format.read(text + "Now.")).isEqualTo(answer(text + "Now."));
        ToolAnswer both = format.read(text + call);
        assertThat(both.calls()).hasSize(1);
        assertThat(both.text()).contains("Write this:").contains(call);
    }
}
