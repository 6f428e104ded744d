package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class CallAccuracyTest {
    private static final ToolCall F = ToolCall.of("f", "{\"a\": 1, \"b\": [\"x\"]}");
    private static final ToolCall G = ToolCall.of("g", "{}");

    private static CallAccuracy of(ToolAnswer answer, ToolAnswer expected) {
        return CallAccuracy.NONE.plus(answer, expected);
    }

    @Test
    void eachCountIsPartOfTheOneBefore() {
        ToolAnswer expected = new ToolAnswer("Yes.", List.of(F, G));
        ToolCall same = ToolCall.of("f", "{\"b\":[\"x\"],\"a\":1.0}").withId("7");
        assertThat(of(new ToolAnswer("Yes.", List.of()), expected)).isEqualTo(new CallAccuracy(1, 0, 0, 0, 0));
        assertThat(of(new ToolAnswer("Yes.", List.of(F)), expected)).isEqualTo(new CallAccuracy(1, 1, 0, 0, 0));
        assertThat(of(new ToolAnswer("Yes.", List.of(G, F)), expected)).isEqualTo(new CallAccuracy(1, 1, 0, 0, 0));
        assertThat(of(new ToolAnswer("Yes.", List.of(ToolCall.of("f", "{\"a\": 1}"), G)), expected))
                .isEqualTo(new CallAccuracy(1, 1, 1, 0, 0));
        assertThat(of(new ToolAnswer("No.", List.of(same, G)), expected)).isEqualTo(new CallAccuracy(1, 1, 1, 1, 0));
        assertThat(of(new ToolAnswer(" Yes.\n", List.of(same, G)), expected))
                .isEqualTo(new CallAccuracy(1, 1, 1, 1, 1));
    }

    @Test
    void answersAddUp() {
        ToolAnswer answer = new ToolAnswer("", List.of(F));
        ToolAnswer expected = new ToolAnswer("", List.of(F));
        CallAccuracy accuracy = CallAccuracy.NONE.plus(answer, expected);
        ToolAnswer wrong = new ToolAnswer("", List.of(G));
        assertThat(accuracy.plus(wrong, expected).plus(answer, expected)).isEqualTo(new CallAccuracy(3, 3, 2, 2, 2));
    }

    @Test
    void refusesCountsThatCannotBe() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CallAccuracy(3, 2, 1, 2, 0))
                .withMessage("answers, valid, functions, arguments and exact must be at least 0, and each at most the"
                        + " one before it, found [3, 2, 1, 2, 0]");
        assertThatIllegalArgumentException().isThrownBy(() -> new CallAccuracy(1, 1, 1, 1, -1));
    }
}
