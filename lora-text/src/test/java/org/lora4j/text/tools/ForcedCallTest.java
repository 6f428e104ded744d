package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.grammar.GrammarCache;
import org.lora4j.text.grammar.GrammarVocabulary;
import org.lora4j.text.tokens.Tokenizers;

class ForcedCallTest {
    private static final Tool ADD = Tool.of("add", "adds", """
            {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]}""");
    private static final Tool TREE = Tool.of("tree", "a tree", """
            {"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}}, "required": ["root"],
             "$defs": {"node": {"type": "object", "properties": {"left": {"$ref": "#/$defs/node"}}}}}""");
    private static final ToolCall TWO = ToolCall.of("add", "{\"a\": 2}");
    private static final ToolCall DEEP = ToolCall.of("tree", "{\"root\": {\"left\": {}}}");

    @TempDir
    Path folder;

    /** A token for each byte. */
    private GrammarCache bytes;

    @BeforeEach
    void readVocabulary() throws Exception {
        bytes = new GrammarCache(vocabulary());
    }

    private GrammarVocabulary vocabulary(String... special) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes(special));
        return GrammarVocabulary.load(folder);
    }

    /** Whether a text of single bytes fits. */
    private boolean fits(ForcedCall call, String text) {
        TokenConstraint.State state = bytes.constraint(call, call::grammar).begin(2000);
        BitSet allowed = new BitSet();
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            int id = Byte.toUnsignedInt(value);
            state.allowed(allowed);
            if (!allowed.get(id)) {
                return false;
            }
            state.accept(id);
        }
        return state.isComplete();
    }

    /** What the format writes fits, and nothing else than calls does. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GEMMA4")
    @Tag("slow")
    void whatTheFormatWritesFits(ToolFormat format) {
        ForcedCall one = ForcedCall.of(format, List.of(ADD, TREE));
        String single = format.write(List.of(TWO));
        String two = format.write(List.of(DEEP, TWO));
        assertThat(fits(one, single)).as(single).isTrue();
        assertThat(fits(one, format.write(List.of(DEEP)))).isTrue();
        assertThat(fits(one, two)).isFalse();
        assertThat(fits(one.repeated(), single)).isTrue();
        assertThat(fits(one.repeated(), two)).as(two).isTrue();
        assertThat(fits(one.repeated(), "")).isFalse();
        assertThat(fits(one, format.write(List.of(ToolCall.of("add", "{\"b\": 2}")))))
                .as("a is required")
                .isFalse();
        assertThat(fits(one, format.write(List.of(ToolCall.of("sub", "{\"a\": 2}")))))
                .isFalse();
        assertThat(fits(ForcedCall.of(format, List.of(TREE)), single)).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void anAnswerIsCallsOrJson(ToolFormat format) {
        ForcedCall either = ForcedCall.of(format, List.of(ADD)).orJson("{\"enum\": [1, \"x\"]}");
        assertThat(fits(either, format.write(List.of(TWO)))).isTrue();
        assertThat(fits(either, "\"x\"")).isTrue();
        assertThat(fits(either, "\"x\"" + format.write(List.of(TWO)))).isFalse();
        assertThat(fits(either, "2")).isFalse();
    }

    /** A family whose marks are tokens writes them as such. */
    @ParameterizedTest
    @EnumSource
    void theMarksAreTokensOfTheFamily(ToolFormat format) throws Exception {
        List<String> marks = format.marks();
        ForcedCall call = ForcedCall.of(format, List.of(ADD));
        TokenConstraint.State state = call.grammar()
                .constraint(vocabulary(marks.toArray(String[]::new)))
                .begin(300);
        List<String> written = new ArrayList<>();
        BitSet allowed = new BitSet();
        while (state.canContinue()) {
            state.allowed(allowed);
            int mark = allowed.nextSetBit(256);
            state.accept(mark < 0 ? allowed.nextSetBit(0) : mark);
            if (mark >= 0) {
                written.add(marks.get(mark - 256));
            }
        }
        List<String> expected = new ArrayList<>();
        String text = format.write(List.of(TWO));
        for (int i = 0; i < text.length(); i++) {
            for (String mark : marks) {
                if (text.startsWith(mark, i)) {
                    expected.add(mark);
                }
            }
        }
        assertThat(written).isEqualTo(expected);
    }

    /** Random answers: whatever stands before, what a mark begins is whole calls that fit, unless too few tokens are left. */
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA3", "PYTHONIC", "HARMONY", "GEMMA3", "FUNCTIONARY"})
    void aCallThatTheModelBeginsFits(ToolFormat format) throws Exception {
        List<String> marks = format.marks();
        GrammarCache cache = new GrammarCache(vocabulary(marks.toArray(String[]::new)));
        ForcedCall call = ForcedCall.of(format, List.of(ADD)).repeated();
        int tokens = 256 + marks.size();
        int mark = 256 + marks.indexOf(format.firstMark().orElseThrow());
        TokenConstraint constraint = cache.begunBy(format.firstMark().orElseThrow(), call, call::grammar, tokens);
        SplittableRandom random = new SplittableRandom(1);
        int calls = 0;
        for (int i = 0; i < 200; i++) {
            int most = random.nextInt(350);
            TokenConstraint.State state = constraint.begin(most);
            List<Integer> ids = new ArrayList<>();
            BitSet allowed = new BitSet();
            while (ids.size() < most && state.canContinue() && (!state.isComplete() || random.nextInt(30) > 0)) {
                state.allowed(allowed);
                boolean begins = !ids.contains(mark) && allowed.get(mark) && random.nextInt(20) == 0;
                int[] choices = allowed.stream().toArray();
                ids.add(begins ? mark : choices[random.nextInt(choices.length)]);
                state.accept(ids.get(ids.size() - 1));
            }
            boolean hadRoom = !ids.contains(mark) || most - ids.indexOf(mark) >= 100;
            assertThat(state.isComplete() || !hadRoom).isTrue();
            if (ids.contains(mark) && hadRoom) {
                calls++;
                StringBuilder text = new StringBuilder();
                ids.subList(ids.indexOf(mark), ids.size())
                        .forEach(id -> text.append(id < 256 ? String.valueOf((char) (int) id) : marks.get(id - 256)));
                ToolAnswer read = format.read(text.toString());
                assertThat(read.text()).isEmpty();
                assertThat(read.calls()).isNotEmpty().allSatisfy(one -> {
                    assertThat(one.name()).isEqualTo("add");
                    assertThat(one.argumentMap().get("a")).isInstanceOf(Number.class);
                });
            }
        }
        assertThat(calls).isGreaterThan(50);
    }

    private static final Tool RICH = Tool.of("rich", "many types", """
            {"type": "object", "required": ["word", "number"], "properties": {
             "word": {"type": "string", "enum": ["a b", "5", "</x>"]}, "short": {"type": "string", "maxLength": 4},
             "code": {"type": "string", "pattern": "^[A-Z]{2}$"}, "number": {"type": "integer", "minimum": 3},
             "flag": {"type": "boolean"}, "either": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
             "list": {"type": "array", "items": {"type": "string", "maxLength": 2}},
             "map": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "boolean"}}, "required": ["x"]},
             "node": {"$ref": "#/$defs/node"}},
             "$defs": {"node": {"type": "object", "properties": {"z": {"type": "number"}}}}}""");

    /** Random answers are read as calls whose arguments fit the schema, with the types that it has. */
    @ParameterizedTest
    @EnumSource
    @Tag("slow")
    void whatIsForcedIsReadWithItsTypes(ToolFormat format) {
        ForcedCall call = ForcedCall.of(format, List.of(RICH));
        TokenConstraint constraint = bytes.constraint(call, call::grammar);
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < 30; i++) {
            TokenConstraint.State state = constraint.begin(600 + random.nextInt(200));
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            BitSet allowed = new BitSet();
            while (state.canContinue()) {
                state.allowed(allowed);
                int[] choices = allowed.stream().toArray();
                // Printable ones are wanted, or strings would be control characters.
                int[] letters =
                        allowed.stream().filter(id -> id >= ' ' && id < 127).toArray();
                int[] some = letters.length > 0 && random.nextInt(8) > 0 ? letters : choices;
                int id = some[random.nextInt(some.length)];
                text.write(id);
                state.accept(id);
            }
            assertThat(state.isComplete()).isTrue();
            String written = text.toString(StandardCharsets.UTF_8);
            ToolAnswer read = format.read(written, List.of(RICH));
            assertThat(read.text()).as(written).isEmpty();
            assertThat(read.calls()).as(written).hasSize(1);
            assertRich(read.calls().get(0).argumentMap(), written);
        }
    }

    private static void assertRich(Map<String, Object> arguments, String written) {
        assertThat(arguments.get("word")).as(written).isIn("a b", "5", "</x>");
        assertThat(((Number) arguments.getOrDefault("number", 0)).longValue())
                .as(written)
                .isGreaterThanOrEqualTo(3);
        assertThat(Set.of("word", "short", "code", "number", "flag", "either", "list", "map", "node"))
                .containsAll(arguments.keySet());
        assertThat(arguments.getOrDefault("code", "AB")).asString().as(written).matches("[A-Z]{2}");
        assertThat(arguments.getOrDefault("flag", true)).as(written).isInstanceOf(Boolean.class);
        assertThat(arguments.getOrDefault("node", Map.of())).as(written).isInstanceOf(Map.class);
        String text = (String) arguments.getOrDefault("short", "");
        assertThat(text.codePointCount(0, text.length())).as(written).isLessThanOrEqualTo(4);
        Object either = arguments.get("either");
        assertThat(either == null || either.toString().length() <= 6)
                .as(written)
                .isTrue();
        assertThat((List<?>) arguments.getOrDefault("list", List.of()))
                .as(written)
                .allMatch(String.class::isInstance);
        Map<?, ?> map = (Map<?, ?>) arguments.getOrDefault("map", Map.of("x", 1));
        assertThat(map.get("x")).as(written).isInstanceOf(Number.class);
    }

    /** Formats that write arguments one by one cannot hold conditions for all of them. */
    @Test
    void conditionsForAllArgumentsAreRefusedWhereTheyStandOneByOne() {
        Tool tool = Tool.of("f", "", """
                {"type": "object", "properties": {"a": {"type": "string"}}, "minProperties": 1}""");
        assertThat(ForcedCall.of(ToolFormat.HERMES, List.of(tool)).grammar()).isNotNull();
        for (ToolFormat format :
                List.of(ToolFormat.QWEN3_CODER, ToolFormat.GLM4, ToolFormat.PYTHONIC, ToolFormat.GEMMA4)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ForcedCall.of(format, List.of(tool)).grammar())
                    .withMessageStartingWith("the tool f: JSON Schema, #/minProperties: ");
        }
    }

    @Test
    void aTextBetweenTagsEndsWithItsTag() {
        Tool tool = Tool.of("run", "", """
                {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}""");
        ForcedCall call = ForcedCall.of(ToolFormat.QWEN3_CODER, List.of(tool));
        String form = "<tool_call>\n<function=run>\n<parameter=code>\n%s\n</parameter>\n</function>\n</tool_call>";
        assertThat(fits(call, form.formatted("if (a < b) {\n  \"x\" </par>\n}")))
                .isTrue();
        assertThat(fits(call, form.formatted(""))).isTrue();
        assertThat(fits(call, form.formatted("a</parameter>b"))).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ToolFormat.QWEN3_CODER.write(List.of(ToolCall.of("run", "{\"code\": \"a</parameter>b\"}"))))
                .withMessageContaining("an argument must not have </parameter> in it");
    }

    @Test
    void aMarkThatIsNoTokenBeginsNothing() {
        ForcedCall call = ForcedCall.of(ToolFormat.HERMES, List.of(ADD));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bytes.begunBy("<tool_call>", call, call::grammar, 256))
                .withMessageContaining("must have the special or added token '<tool_call>', found none");
        assertThat(ToolFormat.LLAMA3.firstMark()).isEmpty();
    }

    @Test
    void callsNeedToolsOfSupportedSchemas() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ForcedCall.of(ToolFormat.HERMES, List.of()))
                .withMessageContaining("at least one tool");
        Tool not = Tool.of("odd", "", "{\"type\": \"object\", \"not\": {\"uniqueItems\": true}}");
        assertThatThrownBy(() -> ForcedCall.of(ToolFormat.HERMES, List.of(not)).grammar())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the tool odd: JSON Schema, #/not/uniqueItems: ");
    }

    @Test
    void equalFormsShareAConstraint() {
        ForcedCall call = ForcedCall.of(ToolFormat.HERMES, List.of(ADD));
        ForcedCall same = ForcedCall.of(ToolFormat.HERMES, List.of(Tool.ofMap(ADD.toMap())));
        TokenConstraint first = bytes.constraint(call, call::grammar);
        assertThat(bytes.constraint(same, same::grammar)).isSameAs(first);
        assertThat(bytes.constraint(call.repeated(), call.repeated()::grammar)).isNotSameAs(first);
    }

    @Test
    void aConversationChoosesByName() {
        Conversation conversation =
                Conversation.of(ChatMessage.of("user", "hi")).withTools(List.of(ADD, TREE));
        assertThat(conversation
                        .forcedCall(ToolFormat.HERMES, Optional.of("tree"))
                        .tools())
                .containsExactly(TREE);
        assertThat(conversation.forcedCall(ToolFormat.HERMES, Optional.empty()).tools())
                .containsExactly(ADD, TREE);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> conversation.forcedCall(ToolFormat.HERMES, Optional.of("x")))
                .withMessage("a call must be one of the tools of the conversation, found 'x'");
    }

    @Test
    void aToolIsReadAsItIsWritten() {
        assertThat(Tool.ofMap(ADD.toMap())).isEqualTo(ADD);
        assertThat(Tool.ofMap(Map.of("name", "now")).parameters()).containsEntry("type", "object");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tool.ofMap(Map.of("type", "function")))
                .withMessageContaining("a tool must have a function with a text name");
    }

    @Test
    void idsAreTakenByAllTemplates() {
        assertThat(ToolCall.newId()).matches("[0-9A-Za-z]{9}").isNotEqualTo(ToolCall.newId());
    }
}
