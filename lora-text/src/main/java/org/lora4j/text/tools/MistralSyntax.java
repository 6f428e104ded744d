package org.lora4j.text.tools;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A list after {@code [TOOL_CALLS]}, with ids. */
final class MistralSyntax extends JsonListSyntax {
    private static final String TAG = "[TOOL_CALLS]";

    MistralSyntax() {
        super(List.of(TAG), TAG + " ", "", Pattern.quote(TAG));
    }

    @Override
    boolean isIn(String template) {
        return template.contains(TAG);
    }

    @Override
    String tail(@Nullable String id) {
        return (id == null ? "" : ", \"id\": " + quoted(id)) + "}";
    }
}
