package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The filters of Jinja that chat templates use: {@code value | name}. */
final class Filters {
    private static final Set<String> KNOWN = Set.of(
            "trim",
            "length",
            "count",
            "list",
            "tojson",
            "join",
            "upper",
            "lower",
            "capitalize",
            "title",
            "first",
            "last",
            "default",
            "d",
            "replace",
            "string",
            "int",
            "float",
            "abs",
            "items",
            "dictsort",
            "map",
            "select",
            "reject",
            "selectattr",
            "rejectattr",
            "sort",
            "reverse",
            "unique",
            "safe",
            "indent");

    private Filters() {}

    static void requireKnown(String name, int line) {
        if (!KNOWN.contains(name)) {
            throw new JinjaException(line, "a filter must be one of " + KNOWN + ", found '" + name + "'");
        }
    }

    static @Nullable Object apply(
            String name,
            @Nullable Object value,
            List<@Nullable Object> arguments,
            Map<String, @Nullable Object> named,
            Scope scope) {
        Budget budget = scope.budget;
        Object first = arguments.isEmpty() ? null : arguments.get(0);
        return switch (name) {
            case "length", "count" -> Values.length(value, budget);
            case "list" -> Values.list(value, budget);
            case "tojson" -> json(value, named.containsKey("indent") ? named.get("indent") : first, budget);
            case "join" -> join(value, first, named.get("attribute"), budget);
            case "first" -> ofEnd(value, 0, budget);
            case "last" -> ofEnd(value, -1, budget);
            case "default", "d" -> isMissing(value, arguments, named) ? (arguments.isEmpty() ? "" : first) : value;
            case "safe" -> value;
            case "string" -> Values.text(value, budget);
            case "int" -> integer(value, first, budget);
            case "float" -> Double.valueOf(Values.text(value, budget).strip());
            case "abs" ->
                value instanceof Long number ? (Object) Math.abs(number) : (Object) Math.abs(Values.number(value));
            case "items" -> value instanceof Map<?, ?> map ? Methods.items(map) : new ArrayList<>();
            case "dictsort" -> sorted(Methods.items(map(value)), 0L, budget);
            case "sort" -> sorted(Values.list(value, budget), named.get("attribute"), budget);
            case "reverse" -> reversed(value, budget);
            case "unique" -> unique(value, budget);
            case "map" -> mapped(value, arguments, named, scope);
            case "select", "reject", "selectattr", "rejectattr" -> selected(name, value, arguments, budget);
            default -> ofText(name, Values.text(value, budget), arguments, named, budget);
        };
    }

    private static Object ofText(
            String name,
            String text,
            List<@Nullable Object> arguments,
            Map<String, @Nullable Object> named,
            Budget budget) {
        budget.characters(text.length());
        return switch (name) {
            case "trim" ->
                Methods.strip(text, arguments.isEmpty() ? "" : Values.text(arguments.get(0), budget), true, true);
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "capitalize" -> Methods.capitalize(text);
            case "title" -> Methods.title(text);
            case "replace" ->
                Methods.replace(
                        text, Values.text(arguments.get(0), budget), Values.text(arguments.get(1), budget), budget);
            default -> indent(text, arguments, named, budget);
        };
    }

    private static String indent(
            String text, List<@Nullable Object> arguments, Map<String, @Nullable Object> named, Budget budget) {
        Object width = arguments.isEmpty() ? named.getOrDefault("width", 4L) : arguments.get(0);
        boolean first = Values.isTrue(arguments.size() > 1 ? arguments.get(1) : named.get("first"));
        String blanks = Values.text(Operators.arithmetic("*", " ", (long) Values.integer(width), budget), budget);
        String later = Methods.replace(text, "\n", "\n" + blanks, budget);
        return first ? blanks + later : later;
    }

    private static String json(@Nullable Object value, @Nullable Object indent, Budget budget) {
        int width = indent == null ? -1 : Values.integer(indent);
        if (width > 16) {
            throw new JinjaException("tojson: indent must be at most 16, found " + width);
        }
        return Values.json(value, width, budget);
    }

    private static String join(
            @Nullable Object value, @Nullable Object separator, @Nullable Object attribute, Budget budget) {
        String between = separator == null ? "" : Values.text(separator, budget);
        StringBuilder out = new StringBuilder();
        for (Object element : Values.list(value, budget)) {
            String text = Values.text(attribute == null ? element : attribute(element, attribute), budget);
            budget.characters(text.length() + between.length());
            out.append(out.isEmpty() ? "" : between).append(text);
        }
        return out.toString();
    }

    private static @Nullable Object ofEnd(@Nullable Object value, long index, Budget budget) {
        return Operators.element(Values.list(value, budget), index);
    }

    private static boolean isMissing(
            @Nullable Object value, List<@Nullable Object> arguments, Map<String, @Nullable Object> named) {
        boolean falseToo = Values.isTrue(arguments.size() > 1 ? arguments.get(1) : named.get("boolean"));
        return value == Undefined.UNDEFINED || (falseToo && !Values.isTrue(value));
    }

    private static Object integer(@Nullable Object value, @Nullable Object other, Budget budget) {
        try {
            return (long) Double.parseDouble(Values.text(value, budget).strip());
        } catch (NumberFormatException e) {
            return other == null ? 0L : other;
        }
    }

    private static Map<?, ?> map(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new JinjaException("dictsort: must be a map, found another value");
    }

    private static @Nullable Object attribute(@Nullable Object value, @Nullable Object name) {
        Object result = value;
        if (!(name instanceof String path)) {
            return Operators.element(value, name);
        }
        for (String part : path.split("\\.", -1)) {
            result = Operators.element(result, part);
        }
        return result;
    }

    private static List<@Nullable Object> sorted(
            List<@Nullable Object> list, @Nullable Object attribute, Budget budget) {
        budget.steps(list.size() * 20L);
        list.sort((a, b) -> attribute == null
                ? Values.compare(a, b)
                : Values.compare(attribute(a, attribute), attribute(b, attribute)));
        return list;
    }

    private static Object reversed(@Nullable Object value, Budget budget) {
        List<@Nullable Object> list = Values.list(value, budget);
        Collections.reverse(list);
        return value instanceof String ? join(list, null, null, budget) : list;
    }

    private static List<@Nullable Object> unique(@Nullable Object value, Budget budget) {
        Map<Object, @Nullable Object> known = new LinkedHashMap<>();
        Values.list(value, budget).forEach(element -> known.put(Values.requireKey(element), element));
        return new ArrayList<>(known.values());
    }

    private static List<@Nullable Object> mapped(
            @Nullable Object value,
            List<@Nullable Object> arguments,
            Map<String, @Nullable Object> named,
            Scope scope) {
        List<@Nullable Object> result = new ArrayList<>();
        Object attribute = named.get("attribute");
        if (attribute == null) {
            requireKnown(Values.text(arguments.get(0), scope.budget), 0);
        }
        for (Object element : Values.list(value, scope.budget)) {
            scope.budget.step();
            result.add(
                    attribute != null
                            ? attribute(element, attribute)
                            : apply(
                                    Values.text(arguments.get(0), scope.budget),
                                    element,
                                    arguments.subList(1, arguments.size()),
                                    Map.of(),
                                    scope));
        }
        return result;
    }

    private static List<@Nullable Object> selected(
            String name, @Nullable Object value, List<@Nullable Object> arguments, Budget budget) {
        boolean ofAttribute = name.endsWith("attr");
        boolean keep = name.startsWith("select");
        int used = ofAttribute ? 1 : 0;
        Predicate<@Nullable Object> holds;
        if (arguments.size() > used) {
            String test = Values.text(arguments.get(used), budget);
            Tests.requireKnown(test, 0);
            List<@Nullable Object> rest = arguments.subList(used + 1, arguments.size());
            holds = element -> Tests.holds(test, element, rest, budget);
        } else {
            holds = Values::isTrue;
        }
        List<@Nullable Object> result = new ArrayList<>();
        for (Object element : Values.list(value, budget)) {
            if (holds.test(ofAttribute ? attribute(element, arguments.get(0)) : element) == keep) {
                result.add(element);
            }
        }
        return result;
    }
}
