package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.grammar.internal.Shape.Kind;
import org.lora4j.text.grammar.internal.Shape.StringRule;

/** The JSON texts of a JSON Schema, as the Javadoc of {@code Grammar.jsonSchema} says. */
final class SchemaCompiler {
    /** Values that are nested deeper are a rule, as those of references are. */
    private static final int MOST_DEPTH = 30;

    private final Expressions all;
    private final JsonForms forms;
    private final NumberForms numbers;
    private final SchemaExpansion expansion;
    private final TextMatcher matcher;
    private final ConstantForms constants;
    private final ArrayForms arrays;
    private final ObjectForms objects;
    private final Map<String, Expression> known = new HashMap<>();

    /** The rules that are not defined yet. */
    private final Deque<Open> open = new ArrayDeque<>();

    /** The claims whose values are being computed. */
    private final Set<String> within = new HashSet<>();

    private int depth;

    private record Open(Rule rule, List<Claim> claims) {}

    private SchemaCompiler(Expressions all, JsonNode document, SchemaRules rules, Consumer<String> annotations) {
        this.all = all;
        forms = new JsonForms(all, rules.isClosed() ? JsonForms.DIGITS : JsonForms.MANY_DIGITS);
        numbers = new NumberForms(all, forms, rules.isClosed());
        matcher = new TextMatcher(all.effort());
        expansion =
                new SchemaExpansion(new SchemaIndex(document, all.effort()), rules, all.effort(), matcher, annotations);
        constants = new ConstantForms(all, forms, numbers, rules.isAnyOrder());
        arrays = new ArrayForms(all, forms, expansion, this::goal, constants::of);
        objects = new ObjectForms(all, forms, rules, expansion.checks(), matcher, this::goal, this::contents);
    }

    /**
     * Returns what creates the expressions of a schema, or throws an IllegalArgumentException if the text is none.
     *
     * @param annotations receives the names of keywords that have no effect, as often as they are found
     */
    static Function<Expressions, Expression> of(String schema, SchemaRules rules, Consumer<String> annotations) {
        // The text takes less memory than what is read from it.
        return all -> {
            JsonNode document = read(schema);
            return new SchemaCompiler(all, document, rules, annotations).compile(document);
        };
    }

    /**
     * Returns what creates the expressions of the strings of a schema, without quotation marks and without escapes.
     *
     * @param without a text that they do not have in them
     */
    static Function<Expressions, Expression> strings(
            String schema, SchemaRules rules, Consumer<String> annotations, String without) {
        return all -> {
            JsonNode document = read(schema);
            Spelling plain = Spelling.utf8(all);
            Expression strings = new SchemaCompiler(all, document, rules, annotations)
                    .contents(List.of(Claim.of(document, "#")), plain);
            Expression with = all.sequence(plain.any(), all.literal(without), plain.any());
            return all.and(List.of(strings, plain.any(), all.not(with)));
        };
    }

    private static JsonNode read(String schema) {
        try {
            return StrictJson.MAPPER
                    .reader()
                    .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .readTree(schema);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "JSON Schema: must be JSON, found " + MessageText.describe(e.getOriginalMessage()), e);
        }
    }

    /** The texts of any JSON value. */
    static Expression anyValue(Expressions all) {
        return new JsonForms(all).value();
    }

    private Expression compile(JsonNode document) {
        Expression root = goal(List.of(Claim.of(document, "#")));
        while (!open.isEmpty()) {
            Open next = open.remove();
            next.rule().define(values(next.claims()));
        }
        return root;
    }

    /** The values that fit all claims. Those of a reference are a rule, which may need itself. */
    private Expression goal(List<Claim> claims) {
        List<Claim> reduced = Claim.reduced(claims);
        if (reduced.isEmpty()) {
            return forms.value();
        }
        if (reduced.contains(Claim.NEVER)) {
            return all.never();
        }
        String key = Claim.key(reduced);
        Expression found = known.get(key);
        if (found == null) {
            boolean isRule =
                    depth == MOST_DEPTH || !within.add(key) || reduced.stream().anyMatch(Claim::isReference);
            found = isRule ? rule(key, reduced) : inline(key, reduced);
            known.put(key, found);
        }
        return found;
    }

    private Expression rule(String key, List<Claim> claims) {
        Rule rule = all.rule(this, key);
        open.add(new Open(rule, claims));
        return all.reference(rule);
    }

    private Expression inline(String key, List<Claim> claims) {
        depth++;
        Expression values = values(claims);
        depth--;
        within.remove(key);
        return values;
    }

    private Expression values(List<Claim> claims) {
        List<Expression> options = new ArrayList<>();
        for (Shape shape : expansion.shapes(claims)) {
            options.add(values(shape));
        }
        return all.or(options);
    }

    private Expression values(Shape shape) {
        Map<String, JsonNode> values = shape.values;
        if (values != null) {
            return constants(values.values().stream()
                    .filter(value -> expansion.checks().fits(shape, value))
                    .toList());
        }
        for (JsonNode value : shape.excluded.values()) {
            if (value.isContainerNode() && shape.kinds.contains(ShapeChecks.kind(value))) {
                throw new IllegalArgumentException(
                        "JSON Schema: an array or object must not be excluded by 'not', 'if' or 'oneOf', found "
                                + MessageText.shorten(value.toString()));
            }
        }
        List<Expression> options = new ArrayList<>();
        for (Kind kind : shape.kinds) {
            options.add(
                    switch (kind) {
                        case OBJECT -> objects.of(shape);
                        case ARRAY -> arrays.of(shape);
                        case STRING ->
                            isAnyString(shape) ? forms.anyString() : forms.string(content(shape, forms.spelling()));
                        case NUMBER -> numbers.of(shape);
                        default -> simple(shape, kind);
                    });
        }
        return all.or(options);
    }

    private Expression simple(Shape shape, Kind kind) {
        String text = kind == Kind.TRUE ? "true" : kind == Kind.FALSE ? "false" : "null";
        return shape.excluded.containsKey(text) ? all.never() : all.literal(text);
    }

    private Expression constants(List<JsonNode> values) {
        List<String> texts = new ArrayList<>();
        List<Expression> options = new ArrayList<>();
        for (JsonNode value : values) {
            if (value.isTextual()) {
                texts.add(value.asText());
            } else {
                options.add(constants.of(value));
            }
        }
        options.add(forms.string(forms.spelling().oneOf(texts)));
        return all.or(options);
    }

    private static boolean isAnyString(Shape shape) {
        return shape.minLength == 0
                && shape.maxLength == Repeat.UNBOUNDED
                && shape.patterns.isEmpty()
                && shape.formats.isEmpty()
                && shape.excluded.isEmpty();
    }

    /** The strings that fit claims, in a spelling. */
    private Expression contents(List<Claim> claims, Spelling spelling) {
        List<Expression> options = new ArrayList<>();
        for (Shape shape : expansion.shapes(claims)) {
            Map<String, JsonNode> values = shape.values;
            if (values != null) {
                options.add(spelling.oneOf(values.values().stream()
                        .filter(JsonNode::isTextual)
                        .filter(value -> expansion.checks().fits(shape, value))
                        .map(JsonNode::asText)
                        .toList()));
            } else if (shape.kinds.contains(Kind.STRING)) {
                options.add(content(shape, spelling));
            }
        }
        return spelling.expressions().or(options);
    }

    private static Expression content(Shape shape, Spelling spelling) {
        Expressions all = spelling.expressions();
        List<Expression> conditions = new ArrayList<>();
        for (StringRule rule : shape.patterns) {
            Expression found = PatternParser.parse(spelling, rule.text(), "JSON Schema, " + rule.place());
            conditions.add(rule.isTrue() ? found : all.not(found));
        }
        for (StringRule rule : shape.formats) {
            if (Formats.isKnown(rule.text())) {
                Expression strings = Formats.of(rule.text(), spelling);
                conditions.add(rule.isTrue() ? strings : all.not(strings));
            }
        }
        List<String> excluded = shape.excluded.values().stream()
                .filter(JsonNode::isTextual)
                .map(JsonNode::asText)
                .toList();
        boolean isOnlyNegative = shape.patterns.stream().noneMatch(StringRule::isTrue)
                && shape.formats.stream().noneMatch(rule -> rule.isTrue() && Formats.isKnown(rule.text()));
        if (!excluded.isEmpty()) {
            conditions.add(all.not(spelling.oneOf(excluded)));
        }
        if (isOnlyNegative || shape.minLength > 0 || shape.maxLength < Repeat.UNBOUNDED) {
            conditions.add(all.repeat(spelling.one(CodePoints.ALL), shape.minLength, shape.maxLength));
        }
        return all.and(conditions);
    }
}
