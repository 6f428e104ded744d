package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** A null argument is refused with its name. */
@SuppressWarnings("NullAway") // passes null on purpose
class NullArgumentsTest {
    private static void assertRefused(String name, ThrowingCallable call) {
        assertThatNullPointerException().isThrownBy(call).withMessage(name + " must not be null");
    }

    @Test
    void toolsAndCallsRefuseNull() {
        assertRefused("name", () -> new Tool(null, "", Map.of()));
        assertRefused("description", () -> new Tool("f", null, Map.of()));
        assertRefused("parameters", () -> new Tool("f", "", null));
        assertRefused("name", () -> Tool.of(null, "", "{}"));
        assertRefused("parameters", () -> Tool.of("f", "", null));
        assertRefused("name", () -> Tool.of(null, ""));
        assertRefused("description", () -> Tool.of("f", null));
        assertRefused("name", () -> ToolCall.of(null, "{}"));
        assertRefused("arguments", () -> ToolCall.of("f", (String) null));
        assertRefused("arguments", () -> ToolCall.of("f", (Map<String, ?>) null));
        assertRefused("value", () -> ToolCall.of("f", "{}").withId(null));
        assertRefused("call", () -> ToolCall.ofMap(null));
        assertRefused("other", () -> ToolCall.of("f", "{}").isSameAs(null));
    }

    @Test
    void formatsAndAnswersRefuseNull() {
        assertRefused("template", () -> ToolFormat.candidates(null));
        assertRefused("answer", () -> ToolFormat.HERMES.read(null));
        assertRefused("calls", () -> ToolFormat.HERMES.write(null));
        assertRefused("format", () -> ForcedCall.of(null, List.of()));
        assertRefused("tools", () -> ForcedCall.of(ToolFormat.HERMES, null));
        assertRefused(
                "schema",
                () -> ForcedCall.of(ToolFormat.HERMES, List.of(Tool.of("f", "", "{\"type\": \"object\"}")))
                        .orJson(null));
        assertRefused("part", () -> ToolFormat.HERMES.reader().add(null));
        assertRefused("tools", () -> ToolFormat.HERMES.reader(null));
        assertRefused("tools", () -> ToolFormat.HERMES.read("", null));
        assertRefused("template", () -> ThoughtFormat.find(null));
        assertRefused("prompt", () -> ThoughtFormat.THINK.isOpen(null));
        assertRefused("rest", () -> ThoughtFormat.THINK.withoutWords(null));
        assertRefused("tools", () -> new AnswerForm(null, false, null, null));
        assertRefused("format", () -> AnswerForm.TEXT.withCalls(null, List.of()));
        assertRefused("functions", () -> AnswerForm.TEXT.withCalls(ToolFormat.HERMES, null));
        assertRefused("answer", () -> AnswerForm.TEXT.read(null));
        assertRefused("part", () -> AnswerForm.TEXT.reader().add(null));
        assertRefused("text", () -> new AnswerPart.Thoughts(null));
        assertRefused("text", () -> new ToolAnswer(null, List.of()));
        assertRefused("calls", () -> new ToolAnswer("", null));
        assertRefused("parts", () -> ToolAnswer.of(null));
        assertRefused("answer", () -> CallAccuracy.NONE.plus(null, new ToolAnswer("", List.of())));
        assertRefused("expected", () -> CallAccuracy.NONE.plus(new ToolAnswer("", List.of()), null));
        assertRefused("text", () -> new AnswerPart.Text(null));
        assertRefused("name", () -> new AnswerPart.CallBegins(0, null));
        assertRefused("json", () -> new AnswerPart.Arguments(0, null));
        assertRefused("call", () -> new AnswerPart.CallEnds(0, null));
    }
}
