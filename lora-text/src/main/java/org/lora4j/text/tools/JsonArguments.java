package org.lora4j.text.tools;

import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.SchemaOptions;

/** Arguments as a JSON object. */
final class JsonArguments implements ArgumentForm {
    @Override
    public CallBody read(@Nullable String id, String name, CallContext context) {
        return CallJson.ofArguments(context.json(), id, name);
    }

    @Override
    public String write(String arguments) {
        return arguments;
    }

    @Override
    public Grammar grammar(Tool tool, Marks marks) {
        return Grammar.jsonSchema(tool.parameters(), SchemaOptions.WRITING);
    }
}
