package org.lora4j.text.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.text.ChatMessage;
import org.lora4j.text.Conversation;
import org.lora4j.text.grammar.Grammar;

class ForcedCallTest {
    private static final Tool ADD = Tool.of("add", "adds", """
            {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a"]}""");
    private static final Tool TREE = Tool.of("tree", "a tree", """
            {"type": "object", "properties": {"root": {"$ref": "#/$defs/node"}}, "required": ["root"],
             "$defs": {"node": {"type": "object", "properties": {"left": {"$ref": "#/$defs/node"}}}}}""");

    /** What the model writes by the schema is a call of the format, without the marks that follow. */
    @ParameterizedTest
    @EnumSource
    void theBeginningAndTheJsonAreACall(ToolFormat format) throws Exception {
        ForcedCall call = ForcedCall.of(format, List.of(ADD));
        boolean hasName = new ObjectMapper().readTree(call.schema()).has("anyOf");
        String arguments = format == ToolFormat.LLAMA3 ? "parameters" : "arguments";
        String json = "{\"a\": 2}";
        ToolReader reader = call.reader();
        List<AnswerPart> parts = new java.util.ArrayList<>(
                reader.add(hasName ? "{\"name\": \"add\", \"" + arguments + "\": " + json + "}" : json));
        parts.addAll(reader.end());
        ToolAnswer answer = ToolAnswer.of(parts);
        assertThat(answer.text()).isEmpty();
        assertThat(answer.calls())
                .extracting(ToolCall::name, ToolCall::arguments)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("add", json));
        assertThat(format.write(List.of(ToolCall.of("add", json)))).startsWith(call.before());
    }

    /** References lead to the same places as before. */
    @Test
    void theSchemasOfSeveralFunctionsStandBesideEachOther() throws Exception {
        ForcedCall call = ForcedCall.of(ToolFormat.HERMES, List.of(ADD, TREE));
        JsonNode schema = new ObjectMapper().readTree(call.schema());
        assertThat(schema.path("anyOf")).hasSize(2);
        String place =
                schema.at("/anyOf/1/properties/arguments/properties/root/$ref").asText();
        assertThat(place).isEqualTo("#/anyOf/1/properties/arguments/$defs/node");
        assertThat(schema.at(place.substring(1)).at("/properties/left/$ref").asText())
                .isEqualTo(place);
        assertThat(Grammar.jsonSchema(call.schema())).isNotNull();
    }

    @Test
    void aFormatWithTheNameBeforeTheJsonNeedsOneFunction() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ForcedCall.of(ToolFormat.MISTRAL_ARGS, List.of(ADD, TREE)))
                .withMessage("a call must be one of a named function in the format MISTRAL_ARGS, which has the name"
                        + " before the JSON, found 2 functions; name one");
        assertThat(ForcedCall.of(ToolFormat.MISTRAL_ARGS, List.of(ADD)).before())
                .isEqualTo("[TOOL_CALLS]add[ARGS]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ForcedCall.of(ToolFormat.HERMES, List.of()))
                .withMessageContaining("at least one tool");
    }

    @Test
    void aConversationChoosesByName() {
        Conversation conversation =
                Conversation.of(ChatMessage.of("user", "hi")).withTools(List.of(ADD, TREE));
        assertThat(conversation
                        .forcedCall(ToolFormat.HERMES, Optional.of("tree"))
                        .schema())
                .contains("tree")
                .doesNotContain("\"add\"");
        assertThat(conversation.forcedCall(ToolFormat.HERMES, Optional.empty()).schema())
                .contains("tree", "add");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> conversation.forcedCall(ToolFormat.HERMES, Optional.of("x")))
                .withMessage("a call must be one of the tools of the conversation, found 'x'");
    }

    @Test
    void aToolIsReadAsItIsWritten() {
        assertThat(Tool.ofMap(ADD.toMap())).isEqualTo(ADD);
        assertThat(Tool.ofMap(java.util.Map.of("name", "now")).parameters()).containsEntry("type", "object");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Tool.ofMap(java.util.Map.of("type", "function")))
                .withMessageContaining("a tool must have a function with a text name");
    }

    @Test
    void idsAreTakenByAllTemplates() {
        assertThat(ToolCall.newId()).matches("[0-9A-Za-z]{9}").isNotEqualTo(ToolCall.newId());
    }
}
