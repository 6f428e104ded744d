package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.ForcedCall;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolFormat;

/** The tools of a chat, and which of them the model must call. */
final class ChatTools {
    private static final String RULE = "a list of functions";
    private static final Set<String> FIELDS = Set.of("name", "description", "parameters", "strict");
    private static final String FUNCTION = "function";
    private static final String CHOICE = "tool_choice";
    private static final String PARALLEL = "parallel_tool_calls";
    private static final String AUTO = "auto";
    private static final String ALLOWED = "allowed_tools";
    private static final String NONE = "none";
    private static final String REQUIRED = "required";

    private final List<Tool> shown;

    /** What {@code tool_choice} demands; null if the model chooses. */
    private final @Nullable JsonNode demand;

    /** The function that must be called; empty for any. */
    private final Optional<String> demanded;

    /** Whether several functions may be called. */
    private final boolean isParallel;

    /** Whether arguments must fit their schemas where the model chooses, too: those of all functions, because their calls stand together. */
    private final boolean isStrict;

    private ChatTools(
            List<Tool> shown,
            @Nullable JsonNode demand,
            Optional<String> demanded,
            boolean isParallel,
            boolean isStrict) {
        this.shown = shown;
        this.demand = demand;
        this.demanded = demanded;
        this.isParallel = isParallel;
        this.isStrict = isStrict;
    }

    /**
     * Reads the fields.
     *
     * @param inside the field of a tool, and of a choice, that has the function; empty if they have it themselves
     * @throws ApiException if a tool is not what it must be, or the choice is none
     */
    static ChatTools of(JsonBody body, String inside) {
        JsonNode tools = body.get("tools");
        if (tools != null && !tools.isArray()) {
            throw JsonBody.wrong("tools", RULE, tools);
        }
        List<Tool> all = new ArrayList<>();
        boolean isStrict = false;
        if (tools != null) {
            for (JsonNode tool : tools) {
                all.add(tool("tools[" + all.size() + "]", tool, inside));
                isStrict |= function(tool, inside).path("strict").asBoolean();
            }
        }
        JsonNode choice = body.get(CHOICE);
        if (choice != null && choice.path("type").asText().equals(ALLOWED)) {
            AllowedTools allowed = AllowedTools.of(choice, inside, all);
            all = allowed.tools();
            choice = allowed.mode();
        }
        String word = choice == null ? AUTO : choice.asText();
        JsonNode demand = word.equals(AUTO) || word.equals(NONE) ? null : choice;
        Optional<String> demanded = demanded(demand, inside);
        if (demand != null && !word.equals(REQUIRED) && demanded.isEmpty()) {
            throw JsonBody.wrong(
                    CHOICE,
                    "auto, none, required, or an object with the name of a function or with allowed_tools",
                    demand);
        }
        boolean isParallel = body.get(PARALLEL) == null || body.flag(PARALLEL);
        return new ChatTools(word.equals(NONE) ? List.of() : all, demand, demanded, isParallel, isStrict);
    }

    private static Optional<String> demanded(@Nullable JsonNode demand, String inside) {
        if (demand == null || !demand.path("type").asText(FUNCTION).equals(FUNCTION)) {
            return Optional.empty();
        }
        return Optional.ofNullable(function(demand, inside).path("name").textValue());
    }

    static JsonNode function(JsonNode node, String inside) {
        return inside.isEmpty() ? node : node.path(inside);
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
        if (demand == null && !isStrict) {
            return new ExpectedCalls(format, null, null, isParallel);
        }
        try {
            ForcedCall call = conversation.forcedCall(format, demanded);
            ForcedCall calls = demanded.isEmpty() && isParallel ? call.repeated() : call;
            return demand == null
                    ? new ExpectedCalls(format, null, calls, isParallel)
                    : new ExpectedCalls(format, calls, null, isParallel);
        } catch (IllegalArgumentException e) {
            throw ApiException.field(CHOICE, CHOICE + ": " + e.getMessage());
        }
    }

    private static Tool tool(String at, JsonNode tool, String inside) {
        if (!tool.path("type").asText().equals(FUNCTION)) {
            throw JsonBody.wrong(at + ".type", FUNCTION, tool.path("type"));
        }
        JsonNode function = function(tool, inside);
        String place = inside.isEmpty() ? at : at + "." + inside;
        function.properties().forEach(field -> {
            boolean isKnown = FIELDS.contains(field.getKey())
                    || (inside.isEmpty()
                            && (field.getKey().equals("type")
                                    || field.getValue().isNull()));
            if (!isKnown) {
                String wrong = place + "." + field.getKey();
                throw ApiException.unsupported(
                        MessageText.shorten(wrong), MessageText.quote(wrong) + " is not supported; leave it out");
            }
        });
        String name = function.path("name").asText();
        String description = function.path("description").asText("");
        try {
            return function.hasNonNull("parameters")
                    ? Tool.of(name, description, function.path("parameters").toString())
                    : Tool.of(name, description);
        } catch (IllegalArgumentException e) {
            throw ApiException.field(place, place + ": " + e.getMessage());
        }
    }
}
