package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.text.tools.Tool;

/**
 * The choice {@code allowed_tools}: some of the tools of a request. The model sees no others, so it calls no others.
 *
 * @param tools the tools, in the order of the choice
 * @param mode auto or required, as a choice of its own
 */
record AllowedTools(List<Tool> tools, JsonNode mode) {
    private static final String FIELD = "tool_choice";

    /**
     * Reads the choice, whose fields stand in it or, as in chats, in {@code allowed_tools}.
     *
     * @param inside the field of a tool that has the function; empty if it has it itself
     * @param all the tools of the request
     * @throws ApiException if the mode is another one, or a tool is none of the request
     */
    static AllowedTools of(JsonNode choice, String inside, List<Tool> all) {
        boolean hasOwn = choice.path("allowed_tools").isObject();
        JsonNode allowed = hasOwn ? choice.path("allowed_tools") : choice;
        String at = hasOwn ? FIELD + ".allowed_tools" : FIELD;
        JsonNode mode = allowed.path("mode");
        if (!mode.asText().equals("auto") && !mode.asText().equals("required")) {
            throw JsonBody.wrong(at + ".mode", "auto or required", mode);
        }
        JsonNode some = allowed.path("tools");
        if (!some.isArray() || some.isEmpty()) {
            throw JsonBody.wrong(at + ".tools", "a list of at least one function", some);
        }
        List<Tool> tools = new ArrayList<>();
        for (JsonNode one : some) {
            JsonNode nested = ChatTools.function(one, inside).path("name");
            JsonNode name = nested.isMissingNode() ? one.path("name") : nested;
            tools.add(all.stream()
                    .filter(tool -> tool.name().equals(name.asText()))
                    .findFirst()
                    .orElseThrow(() -> JsonBody.wrong(
                            at + ".tools[" + tools.size() + "]", "a function of the tools of the request", one)));
        }
        return new AllowedTools(tools, mode);
    }
}
