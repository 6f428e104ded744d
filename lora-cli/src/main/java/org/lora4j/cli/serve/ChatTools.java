package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.ChatTemplate;
import org.lora4j.text.Conversation;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolFormat;

/** The tools of a chat, and which of them the model must call. */
final class ChatTools {
    private static final String RULE = "a list of functions";
    private static final Set<String> FIELDS = Set.of("name", "description", "parameters", "strict");
    private static final String CHOICE = "tool_choice";
    private static final String AUTO = "auto";
    private static final String NONE = "none";
    private static final String REQUIRED = "required";
    private static final String NAME = "/function/name";
    private static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";

    private final List<Tool> shown;

    /** What {@code tool_choice} demands; null if the model chooses. */
    private final @Nullable JsonNode demand;

    private ChatTools(List<Tool> shown, @Nullable JsonNode demand) {
        this.shown = shown;
        this.demand = demand;
    }

    /**
     * Reads the fields.
     *
     * @throws ApiException if a tool is not what it must be, or the choice is none
     */
    static ChatTools of(JsonBody body) {
        JsonNode tools = body.get("tools");
        if (tools != null && !tools.isArray()) {
            throw JsonBody.wrong("tools", RULE, tools);
        }
        JsonNode choice = body.get(CHOICE);
        String word = choice == null ? AUTO : choice.asText();
        JsonNode demand = word.equals(AUTO) || word.equals(NONE) ? null : choice;
        if (demand != null && !word.equals(REQUIRED) && !demand.at(NAME).isTextual()) {
            throw JsonBody.wrong(CHOICE, "auto, none, required, or an object with the name of a function", demand);
        }
        List<Tool> all = new ArrayList<>();
        if (tools != null) {
            for (JsonNode tool : tools) {
                all.add(tool("tools[" + all.size() + "]", tool, demand != null));
            }
        }
        return new ChatTools(word.equals(NONE) ? List.of() : all, demand);
    }

    /** The tools that the model sees. A template that shows none lets the model call none. */
    List<Tool> shown() {
        return shown;
    }

    /**
     * Returns how calls are read from the answer.
     *
     * @return null if there are none to read
     * @throws ApiException if the template knows no tools, or there is no tool to choose
     */
    @Nullable
    ExpectedCalls expected(Conversation conversation, ChatTemplate template) {
        if (shown.isEmpty()) {
            if (demand != null) {
                throw JsonBody.wrong(CHOICE, "auto or none without tools", demand);
            }
            return null;
        }
        ToolFormat format = template.toolFormat()
                .orElseThrow(() -> ApiException.field(
                        "tools",
                        "tools need a chat template that writes calls in a form that is known, found none in the"
                                + " model; leave them out"));
        if (demand == null) {
            return new ExpectedCalls(format, null);
        }
        Optional<String> name = Optional.ofNullable(demand.at(NAME).textValue());
        try {
            return new ExpectedCalls(format, conversation.forcedCall(format, name));
        } catch (IllegalArgumentException e) {
            throw ApiException.field(CHOICE, CHOICE + ": " + e.getMessage());
        }
    }

    private static Tool tool(String at, JsonNode tool, boolean isForced) {
        if (!tool.path("type").asText().equals("function")) {
            throw JsonBody.wrong(at + ".type", "function", tool.path("type"));
        }
        JsonNode function = tool.path("function");
        function.properties().forEach(field -> {
            if (!FIELDS.contains(field.getKey())) {
                String name = at + ".function." + field.getKey();
                throw ApiException.unsupported(
                        MessageText.shorten(name), MessageText.quote(name) + " is not supported; leave it out");
            }
        });
        if (function.path("strict").asBoolean() && !isForced) {
            throw ApiException.unsupported(
                    at + ".function.strict",
                    at + ".function.strict is not supported where the model chooses: it must be false or absent, or"
                            + " tool_choice required or the name of a function");
        }
        JsonNode parameters = function.path("parameters");
        try {
            return Tool.of(
                    function.path("name").asText(),
                    function.path("description").asText(""),
                    parameters.isMissingNode() || parameters.isNull() ? NO_PARAMETERS : parameters.toString());
        } catch (IllegalArgumentException e) {
            throw ApiException.field(at + ".function", at + ".function: " + e.getMessage());
        }
    }
}
