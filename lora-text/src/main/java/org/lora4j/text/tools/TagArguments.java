package org.lora4j.text.tools;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.grammar.Grammar;

/**
 * Arguments between tags, one by one. Texts stand there without quotation marks, and other values as JSON.
 *
 * @param beforeName what stands before the name of an argument
 * @param afterName what follows on the name
 * @param space what stands between them, which may also be more or no white space
 * @param beforeValue what stands before the value, after this space
 * @param padding what stands around a value in the tags
 * @param afterValue what follows on the value
 * @param separator what follows on each argument
 * @param end what follows on the last argument
 */
record TagArguments(
        String beforeName,
        String afterName,
        String space,
        String beforeValue,
        String padding,
        String afterValue,
        String separator,
        String end)
        implements ArgumentForm {
    private static final Pattern NAME = Pattern.compile("[^\\s<>\"]{1,128}");

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    @Override
    public CallBody read(@Nullable String id, String name, CallContext context) {
        return new TagBody(this, id, name, context.types());
    }

    @Override
    public String write(String arguments) {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, JsonNode> argument :
                ToolJson.object("the arguments of a call", arguments).properties()) {
            JsonNode value = argument.getValue();
            String written = value.isTextual() ? value.textValue() : value.toString();
            if (written.contains(afterValue)) {
                throw new IllegalArgumentException("an argument must not have " + afterValue
                        + " in it in this format, found " + MessageText.quote(written));
            }
            text.append(head(argument.getKey()))
                    .append(written)
                    .append(padding)
                    .append(afterValue)
                    .append(separator);
        }
        return text.append(end).toString();
    }

    private String head(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException(
                    "the name of an argument must have 1 to 128 characters without white space, <, > and quotation marks"
                            + " in this format, found " + MessageText.quote(name));
        }
        return beforeName + name + afterName + space + beforeValue + padding;
    }

    @Override
    public Grammar grammar(Tool tool, Marks marks) {
        List<Grammar> parts = new ArrayList<>();
        for (Parameter parameter : Parameter.of(tool)) {
            Grammar argument = Grammar.sequence(
                    marks.written(head(parameter.name())),
                    value(parameter),
                    marks.written(padding + afterValue + separator));
            parts.add(parameter.isRequired() ? argument : Grammar.anyOf(Grammar.text(""), argument));
        }
        parts.add(marks.written(end));
        return Grammar.sequence(parts.toArray(Grammar[]::new));
    }

    private Grammar value(Parameter parameter) {
        if (!parameter.isText()) {
            return parameter.json();
        }
        Grammar texts = parameter.texts(afterValue);
        return parameter.isOther() ? Grammar.anyOf(texts, parameter.json()) : texts;
    }
}
