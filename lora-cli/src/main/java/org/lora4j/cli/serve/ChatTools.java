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
    private static final String REQUIRED = "required";
    private static final String NAME = "/function/name";
    private static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";

    private final List<Tool> all;
    private final @Nullable JsonNode choice;

    private ChatTools(List<Tool> all, @Nullable JsonNode choice) {
        this.all = all;
        this.choice = choice;
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
        boolean isForced = choice != null
                && !choice.asText().equals("auto")
                && !choice.asText().equals("none");
        if (choice != null
                && isForced
                && !choice.asText().equals(REQUIRED)
                && !choice.at(NAME).isTextual()) {
            throw JsonBody.wrong(CHOICE, "auto, none, required, or an object with the name of a function", choice);
        }
        List<Tool> all = new ArrayList<>();
        if (tools != null) {
            for (JsonNode tool : tools) {
                all.add(tool("tools[" + all.size() + "]", tool, isForced));
            }
        }
        return new ChatTools(all, choice);
    }

    /** The tools that the model sees. A template that shows none lets the model call none. */
    List<Tool> shown() {
        return choice != null && choice.asText().equals("none") ? List.of() : all;
    }

    /**
     * Returns how calls are read from the answer.
     *
     * @return null if there are none to read
     * @throws ApiException if the template knows no tools, or there is no tool to choose
     */
    @Nullable
    ExpectedCalls expected(Conversation conversation, ChatTemplate template) {
        boolean isForced =
                choice != null && (choice.isObject() || choice.asText().equals(REQUIRED));
        if (shown().isEmpty()) {
            if (choice != null && isForced) {
                throw JsonBody.wrong(CHOICE, "auto or none without tools", choice);
            }
            return null;
        }
        ToolFormat format = template.toolFormat()
                .orElseThrow(() -> ApiException.field(
                        "tools",
                        "tools need a chat template that writes calls in a form that is known, found none in the"
                                + " model; leave them out"));
        if (choice == null || !isForced) {
            return new ExpectedCalls(format, null);
        }
        Optional<String> name = choice.isObject() ? Optional.of(choice.at(NAME).textValue()) : Optional.empty();
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
