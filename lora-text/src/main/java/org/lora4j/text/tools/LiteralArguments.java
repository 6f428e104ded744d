package org.lora4j.text.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.SchemaOptions;

/**
 * Arguments as literals of a language: {@code (city="Oslo", days=[1, 2])} of Python, or {@code {city:<|"|>Oslo<|"|>,days:[1,2]}} of
 * Gemma 4.
 *
 * @param open stands before the first argument
 * @param close follows on the last one
 * @param assign stands between a name and a value
 * @param separator stands between two arguments
 * @param quote stands around a text, which then has no escapes; null for texts and words as Python writes them
 */
record LiteralArguments(
        char open,
        char close,
        char assign,
        String separator,
        @Nullable String quote) implements ArgumentForm {
    static final LiteralArguments PYTHON = new LiteralArguments('(', ')', '=', ", ", null);
    static final LiteralArguments GEMMA = new LiteralArguments('{', '}', ':', ",", "<|\"|>");

    private static final Pattern NAME = Pattern.compile("[A-Za-z_$][A-Za-z0-9_.$-]{0,127}");

    @Override
    public CallBody read(@Nullable String id, String name, CallContext context) {
        return new LiteralBody(this, id, name);
    }

    static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    @Override
    public String write(String arguments) {
        return members(ToolJson.object("the arguments of a call", arguments), open, close);
    }

    private String members(ObjectNode object, char before, char after) {
        StringBuilder text = new StringBuilder().append(before);
        object.properties()
                .forEach(entry -> text.append(text.length() > 1 ? separator : "")
                        .append(named(entry.getKey()))
                        .append(value(entry.getValue())));
        return text.append(after).toString();
    }

    private String named(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException(
                    "the name of an argument must begin with a letter and have letters, digits,"
                            + " _, ., $ and - in this format, found " + MessageText.quote(name));
        }
        return name + assign;
    }

    private String value(JsonNode value) {
        String marks = quote;
        if (value.isTextual()) {
            return marks == null ? value.toString() : marks + unquoted(value.textValue(), marks) + marks;
        }
        if (value.isArray()) {
            List<String> elements = new ArrayList<>();
            value.forEach(element -> elements.add(value(element)));
            return "[" + String.join(separator, elements) + "]";
        }
        if (value instanceof ObjectNode object) {
            return marks == null ? dictionary(object) : members(object, '{', '}');
        }
        return marks == null ? PythonWords.python(value.toString()) : value.toString();
    }

    private static String unquoted(String text, String marks) {
        if (text.contains(marks)) {
            throw new IllegalArgumentException(
                    "an argument must not have " + marks + " in it in this format, found " + MessageText.quote(text));
        }
        return text;
    }

    private String dictionary(ObjectNode object) {
        List<String> members = new ArrayList<>();
        object.properties()
                .forEach(entry ->
                        members.add(ToolJson.write("a name", entry.getKey()) + ": " + value(entry.getValue())));
        return "{" + String.join(separator, members) + "}";
    }

    @Override
    public Grammar grammar(Tool tool, Marks marks) {
        return members(Parameter.of(tool), tool.parameters(), marks, open, close);
    }

    /**
     * The members in their order. A separator stands before each but the first one that is there: so the first required one, or each that can
     * be the first, has its own beginning.
     */
    private Grammar members(
            List<Parameter> parameters, Map<String, Object> root, Marks marks, char before, char after) {
        List<Grammar> pairs = new ArrayList<>();
        for (Parameter parameter : parameters) {
            pairs.add(Grammar.sequence(
                    Grammar.text(named(parameter.name())), value(parameter.schema(), parameter, root, marks)));
        }
        Grammar next = Grammar.text(separator);
        List<Grammar> options = new ArrayList<>();
        boolean canBeEmpty = true;
        for (int first = 0; first < pairs.size() && canBeEmpty; first++) {
            List<Grammar> parts = new ArrayList<>(List.of(pairs.get(first)));
            for (int i = first + 1; i < pairs.size(); i++) {
                Grammar pair = Grammar.sequence(next, pairs.get(i));
                parts.add(parameters.get(i).isRequired() ? pair : Grammar.anyOf(Grammar.text(""), pair));
            }
            options.add(Grammar.sequence(parts.toArray(Grammar[]::new)));
            canBeEmpty = !parameters.get(first).isRequired();
        }
        if (canBeEmpty) {
            options.add(Grammar.text(""));
        }
        return Grammar.sequence(
                Grammar.text(String.valueOf(before)),
                Grammar.anyOf(options.toArray(Grammar[]::new)),
                Grammar.text(String.valueOf(after)));
    }

    /** What {@link LiteralBody} reads as a value that fits: JSON, and where it is easily told the words of the language. */
    private Grammar value(Map<String, Object> schema, Parameter parameter, Map<String, Object> root, Marks marks) {
        String around = quote;
        if (around == null) {
            return isBoolean(schema)
                    ? Grammar.anyOf(Grammar.text("True"), Grammar.text("False"))
                    : Grammar.jsonSchema(schema, SchemaOptions.WRITING);
        }
        if (Parameter.isPlainObject(schema)) {
            return members(Parameter.of(schema, root), root, marks, '{', '}');
        }
        if (!parameter.isText()) {
            return isPlainList(schema) ? list(schema, root, marks) : parameter.json();
        }
        Grammar text = Grammar.sequence(marks.written(around), parameter.texts(around), marks.written(around));
        return parameter.isOther() ? Grammar.anyOf(text, parameter.json()) : text;
    }

    private static boolean isBoolean(Map<String, Object> schema) {
        return "boolean".equals(schema.get("type"))
                && schema.keySet().stream()
                        .allMatch(keyword -> keyword.equals("type")
                                || keyword.equals("description")
                                || keyword.equals("title")
                                || keyword.equals("default")
                                || keyword.startsWith("$")
                                || keyword.equals("definitions"));
    }

    private static boolean isPlainList(Map<String, Object> schema) {
        return "array".equals(schema.get("type"))
                && schema.get("items") instanceof Map<?, ?>
                && schema.keySet().stream()
                        .allMatch(keyword -> keyword.equals("type")
                                || keyword.equals("items")
                                || keyword.equals("description")
                                || keyword.equals("title")
                                || keyword.startsWith("$")
                                || keyword.equals("definitions"));
    }

    private Grammar list(Map<String, Object> schema, Map<String, Object> root, Marks marks) {
        Map<String, Object> one = new LinkedHashMap<>(Map.of("type", "object", "required", List.of("element")));
        one.put("properties", Map.of("element", Objects.requireNonNull(schema.get("items"))));
        Parameter element = Parameter.of(one, root).get(0);
        Grammar value = value(element.schema(), element, root, marks);
        return Grammar.sequence(
                Grammar.text("["),
                Grammar.anyOf(
                        Grammar.text(""),
                        Grammar.sequence(value, Grammar.zeroOrMore(Grammar.sequence(Grammar.text(separator), value)))),
                Grammar.text("]"));
    }
}
