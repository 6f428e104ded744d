package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tools and calls of them as values. */
class ToolTest {
    private static final String SCHEMA = "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}";

    @Test
    void aToolIsWrittenAsTemplatesReadIt() {
        assertThat(Tool.of("weather", "The weather.", SCHEMA).toMap())
                .isEqualTo(Map.of(
                        "type",
                        "function",
                        "function",
                        Map.of(
                                "name",
                                "weather",
                                "description",
                                "The weather.",
                                "parameters",
                                Map.of("type", "object", "properties", Map.of("city", Map.of("type", "string"))))));
    }

    @Test
    void aToolIsReadFromBothFormsAndNeedsNoParameters() {
        Tool none = Tool.of("now", "The time.");
        assertThat(none.parameters()).isEqualTo(Map.of("type", "object", "properties", Map.of()));
        assertThat(Tool.ofMap(none.toMap())).isEqualTo(none);
        assertThat(Tool.ofMap(Map.of("name", "now", "description", "The time.")))
                .isEqualTo(none);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tool.ofMap(Map.of("name", "now", "parameters", "{}")))
                .withMessage("the parameters of the tool now must be a JSON Schema with the type object, found '{}'");
    }

    @Test
    void refusesWhatIsNoTool() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tool.of("the weather", "", SCHEMA))
                .withMessage("the name of a tool must have 1 to 64 letters of ASCII, digits, _, - and ., found"
                        + " 'the weather'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tool.of("f", "", "{\"type\": \"string\"}"))
                .withMessage("the parameters of the tool f must be a JSON Schema with the type object, found the type"
                        + " string");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tool.of("f", "", "[]"))
                .withMessage("the parameters of the tool f must be a JSON object, found '[]'");
    }

    @Test
    void aCallHasItsArgumentsAsTextAndAsMap() {
        ToolCall call = ToolCall.of("f", "{\"a\": [1, null], \"b\": 12345678901234567890}");
        assertThat(call.arguments()).isEqualTo("{\"a\": [1, null], \"b\": 12345678901234567890}");
        assertThat(call.argumentMap().get("a")).isEqualTo(Arrays.asList(1, null));
        assertThat(call.argumentMap().get("b")).hasToString("12345678901234567890");
        assertThat(ToolCall.of("f", Map.of("a", List.of(1, 2))).arguments()).isEqualTo("{\"a\":[1,2]}");
        assertThat(ToolCall.ofMap(call.withId("7").toMap()))
                .isEqualTo(new ToolCall("7", "f", "{\"a\":[1,null],\"b\":12345678901234567890}"));
    }

    @Test
    void aCallIsReadFromBothFormsOfItsArguments() {
        Map<String, Object> function = new HashMap<>(Map.of("name", "f", "arguments", "{\"a\": 1}"));
        assertThat(ToolCall.ofMap(Map.of("function", function))).isEqualTo(ToolCall.of("f", "{\"a\": 1}"));
        assertThat(ToolCall.ofMap(function)).isEqualTo(ToolCall.of("f", "{\"a\": 1}"));
        function.put("arguments", Map.of("a", 1));
        assertThat(ToolCall.ofMap(function)).isEqualTo(ToolCall.of("f", "{\"a\":1}"));
        function.put("arguments", new ArrayList<>());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ToolCall.ofMap(function))
                .withMessage("the arguments of the call of f must be a JSON object, or its text, found '[]'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ToolCall.ofMap(Map.of("id", "7")))
                .withMessageStartingWith("a call of a tool must have a function with a text name, found");
    }

    @Test
    void callsAreComparedAsJson() {
        ToolCall call = ToolCall.of("f", "{\"a\": [1, {\"b\": 2.0}], \"c\": \"1\"}");
        assertThat(call.isSameAs(
                        ToolCall.of("f", "{\"c\":\"1\",\"a\":[1.0,{\"b\":2}]}").withId("7")))
                .isTrue();
        assertThat(call.isSameAs(ToolCall.of("g", call.arguments()))).isFalse();
        for (String other : List.of(
                "{\"a\": [1, {\"b\": 2.1}], \"c\": \"1\"}",
                "{\"a\": [{\"b\": 2.0}, 1], \"c\": \"1\"}",
                "{\"a\": [1, {\"b\": 2.0}], \"c\": 1}",
                "{\"a\": [1, {\"b\": 2.0}]}")) {
            assertThat(call.isSameAs(ToolCall.of("f", other))).as(other).isFalse();
        }
        ToolCall large = ToolCall.of("f", "{\"a\": 1e999}");
        assertThat(large.isSameAs(large)).isTrue();
        assertThat(large.isSameAs(ToolCall.of("f", "{\"a\": 1}"))).isFalse();
    }

    @Test
    void refusesWhatIsNoCall() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ToolCall.of("", "{}"))
                .withMessage("the function of a call must have a name of at least one character, found an empty one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ToolCall.of("f", "{\"a\": }"))
                .withMessageStartingWith(
                        "the arguments of the call of f must be a JSON object, found '{\"a\": }': Unexpected character");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ToolCall.of("f", "{} {}"))
                .withMessageStartingWith("the arguments of the call of f must be a JSON object, found");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ToolCall.of("f", ""))
                .withMessageStartingWith("the arguments of the call of f must be a JSON object, found");
    }
}
