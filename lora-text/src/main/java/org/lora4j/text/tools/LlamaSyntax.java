package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A JSON object with parameters at the beginning of the answer, or after a mark. */
final class LlamaSyntax extends ToolSyntax {
    private static final String TAG = "<|python_tag|>";

    LlamaSyntax() {
        super(
                List.of(TAG),
                new JsonArguments(),
                "(?:" + Pattern.quote(TAG) + SPACE + ")?+" + BODY,
                Pattern.quote(TAG) + SPACE + BODY,
                ";" + SPACE + BODY);
    }

    @Override
    boolean isIn(String template) {
        boolean isLlama = template.contains("<|start_header_id|>") || template.contains("<|header_start|>");
        return template.contains(TAG) || (isLlama && template.contains("\"parameters\": "));
    }

    @Override
    CallBody object(CallContext context) {
        // Without a mark, an object without arguments can be an answer.
        return CallJson.ofCall(context.json(), false);
    }

    @Override
    String head(String name, @Nullable String id) {
        return "{\"name\": " + quoted(name) + ", \"parameters\": ";
    }

    @Override
    String tail(@Nullable String id) {
        return "}";
    }

    @Override
    String separator() {
        return "; ";
    }
}
