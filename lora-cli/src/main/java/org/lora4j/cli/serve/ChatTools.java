package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.text.tools.Tool;

/** Reads the tools of a chat. */
final class ChatTools {
    private static final String RULE = "a list of functions";
    private static final Set<String> FIELDS = Set.of("name", "description", "parameters", "strict");
    private static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";

    private ChatTools() {}

    /**
     * Returns the tools that the model may call.
     *
     * @return the tools; none if {@code tool_choice} says so
     * @throws ApiException if a tool is not what it must be, or the choice is not supported
     */
    static List<Tool> of(JsonBody body) {
        JsonNode tools = body.get("tools");
        if (tools != null && !tools.isArray()) {
            throw JsonBody.wrong("tools", RULE, tools);
        }
        List<Tool> all = new ArrayList<>();
        if (tools != null) {
            for (JsonNode tool : tools) {
                all.add(tool("tools[" + all.size() + "]", tool));
            }
        }
        JsonNode choice = body.get("tool_choice");
        if (choice == null || choice.asText().equals("auto")) {
            return all;
        }
        if (choice.asText().equals("none")) {
            // A template that does not show them lets the model call none.
            return List.of();
        }
        throw ApiException.unsupported(
                "tool_choice",
                "tool_choice must be auto or none, found " + MessageText.quote(choice.toString())
                        + ", which is not supported");
    }

    private static Tool tool(String at, JsonNode tool) {
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
        if (function.path("strict").asBoolean()) {
            throw ApiException.unsupported(
                    at + ".function.strict", at + ".function.strict is not supported: it must be false or absent");
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
