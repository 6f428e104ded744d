package org.lora4j.text.internal;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The values of templates, as Python has them: null, {@link Undefined}, Boolean, Long, Double, String, List, Map,
 * {@link Namespace} and {@link Callable}. Nothing else gets in, so a template reaches no Java class.
 */
final class Values {
    private static final int MOST_DEPTH = 100;

    private Values() {}

    /** Copies what a caller gives. */
    static @Nullable Object of(@Nullable Object value, int depth) {
        requireDepth(depth);
        if (value == null || value instanceof Boolean || value instanceof String) {
            return value;
        }
        if (value instanceof BigInteger || value instanceof Double || value instanceof Float) {
            return ((Number) value).doubleValue();
        }
        if (value instanceof Number number) {
            return number.longValue();
        }
        if (value instanceof List<?> list) {
            return list.stream().map(element -> of(element, depth + 1)).collect(Collectors.toList());
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach((key, element) -> copy.put(String.valueOf(key), of(element, depth + 1)));
            return copy;
        }
        throw new JinjaException(
                "a template takes texts, numbers, booleans, lists and maps, found " + value.getClass());
    }

    private static void requireDepth(int depth) {
        if (depth > MOST_DEPTH) {
            throw new JinjaException("values must be nested at most " + MOST_DEPTH + " deep, found more");
        }
    }

    static boolean isTrue(@Nullable Object value) {
        if (value == null || value == Undefined.UNDEFINED) {
            return false;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        if (value instanceof Number number) {
            return number.doubleValue() != 0;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof List<?> list) {
            return !list.isEmpty();
        }
        return !(value instanceof Map<?, ?> map) || !map.isEmpty();
    }

    /** Python's {@code str}. */
    static String text(@Nullable Object value, Budget budget) {
        if (value instanceof String text) {
            return text;
        }
        if (value == Undefined.UNDEFINED) {
            return "";
        }
        StringBuilder out = new StringBuilder();
        represent(value, out, budget, 0);
        return out.toString();
    }

    /** Python's {@code repr}. */
    private static void represent(@Nullable Object value, StringBuilder out, Budget budget, int depth) {
        requireDepth(depth);
        budget.step();
        if (value instanceof String text) {
            budget.characters(text.length());
            char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
            String escaped = text.replace("\\", "\\\\")
                    .replace("\n", "\\n")
                    .replace("\t", "\\t")
                    .replace("\r", "\\r");
            out.append(quote)
                    .append(quote == '\'' ? escaped.replace("'", "\\'") : escaped)
                    .append(quote);
        } else if (value instanceof List<?> list) {
            String separator = "[";
            for (Object element : list) {
                out.append(separator);
                represent(element, out, budget, depth + 1);
                separator = ", ";
            }
            out.append(list.isEmpty() ? "[]" : "]");
        } else if (value instanceof Map<?, ?> map) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.append(separator);
                represent(entry.getKey(), out, budget, depth + 1);
                out.append(": ");
                represent(entry.getValue(), out, budget, depth + 1);
                separator = ", ";
            }
            out.append(map.isEmpty() ? "{}" : "}");
        } else {
            out.append(scalar(value));
        }
    }

    private static String scalar(@Nullable Object value) {
        if (value == null) {
            return "None";
        }
        if (value instanceof Boolean flag) {
            return flag ? "True" : "False";
        }
        return value instanceof Number ? value.toString() : value == Undefined.UNDEFINED ? "Undefined" : "<object>";
    }

    /** Python's {@code json.dumps} without escapes of letters outside ASCII, as Hugging Face sets it. */
    static String json(@Nullable Object value, int indent, Budget budget) {
        StringBuilder out = new StringBuilder();
        json(value, indent, out, budget, 0);
        return out.toString();
    }

    private static void json(@Nullable Object value, int indent, StringBuilder out, Budget budget, int depth) {
        requireDepth(depth);
        budget.steps(1 + (long) Math.max(0, indent) * depth);
        if (value instanceof String text) {
            quote(text, out, budget);
        } else if (value instanceof List<?> list) {
            Iterator<?> elements = list.iterator();
            out.append('[');
            while (elements.hasNext()) {
                newLine(indent, depth + 1, out);
                json(elements.next(), indent, out, budget, depth + 1);
                separate(elements.hasNext(), indent, out);
            }
            close(list.isEmpty(), indent, depth, out).append(']');
        } else if (value instanceof Map<?, ?> map) {
            Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
            out.append('{');
            while (entries.hasNext()) {
                Map.Entry<?, ?> entry = entries.next();
                newLine(indent, depth + 1, out);
                quote(text(entry.getKey(), budget), out, budget);
                out.append(": ");
                json(entry.getValue(), indent, out, budget, depth + 1);
                separate(entries.hasNext(), indent, out);
            }
            close(map.isEmpty(), indent, depth, out).append('}');
        } else if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Number) {
            out.append(value);
        } else {
            throw new JinjaException("tojson: must be a value, found " + scalar(value));
        }
    }

    private static void newLine(int indent, int depth, StringBuilder out) {
        if (indent >= 0) {
            out.append('\n').append(" ".repeat(indent * depth));
        }
    }

    private static void separate(boolean more, int indent, StringBuilder out) {
        if (more) {
            out.append(indent >= 0 ? "," : ", ");
        }
    }

    private static StringBuilder close(boolean empty, int indent, int depth, StringBuilder out) {
        if (!empty) {
            newLine(indent, depth, out);
        }
        return out;
    }

    private static void quote(String text, StringBuilder out, Budget budget) {
        budget.characters(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int known = "\"\\\n\r\t\b\f".indexOf(c);
            if (known >= 0) {
                out.append('\\').append("\"\\nrtbf".charAt(known));
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    static boolean equal(@Nullable Object a, @Nullable Object b, Budget budget, int depth) {
        requireDepth(depth);
        budget.step();
        if (a instanceof List<?> left && b instanceof List<?> right) {
            return left.size() == right.size()
                    && IntStream.range(0, left.size())
                            .allMatch(i -> equal(left.get(i), right.get(i), budget, depth + 1));
        }
        if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
            return left.size() == right.size()
                    && left.entrySet().stream()
                            .allMatch(entry -> right.containsKey(entry.getKey())
                                    && equal(entry.getValue(), right.get(entry.getKey()), budget, depth + 1));
        }
        if (isNumber(a) && isNumber(b)) {
            return number(a) == number(b);
        }
        return a == null ? b == null : a == b || ((a instanceof String) && a.equals(b));
    }

    private static boolean isNumber(@Nullable Object value) {
        return value instanceof Number || value instanceof Boolean;
    }

    static double number(@Nullable Object value) {
        if (value instanceof Boolean flag) {
            return flag ? 1 : 0;
        }
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new JinjaException("must be a number, found " + scalar(value));
    }

    static int integer(@Nullable Object value) {
        double number = number(value);
        if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
            throw new JinjaException("must be a whole number, found " + number);
        }
        return (int) number;
    }

    static int compare(@Nullable Object a, @Nullable Object b) {
        return a instanceof String left && b instanceof String right
                ? left.compareTo(right)
                : Double.compare(number(a), number(b));
    }

    static boolean contains(@Nullable Object container, @Nullable Object element, Budget budget) {
        if (container instanceof String text) {
            budget.steps(text.length() / 64);
            return element instanceof String part && text.contains(part);
        }
        if (container instanceof Map<?, ?> map) {
            return isKey(element) && map.containsKey(element);
        }
        return list(container, budget).stream().anyMatch(other -> equal(other, element, budget, 0));
    }

    private static boolean isKey(@Nullable Object value) {
        return value == null || !(value instanceof List || value instanceof Map);
    }

    static Object requireKey(@Nullable Object value) {
        if (value == null || !isKey(value)) {
            throw new JinjaException("a key must be a text or a number, found " + scalar(value));
        }
        return value;
    }

    /** The elements of what can be iterated over: the keys of a map, the characters of a text. */
    static List<@Nullable Object> list(@Nullable Object value, Budget budget) {
        if (value instanceof List<?> list) {
            budget.steps(list.size());
            return new ArrayList<@Nullable Object>(list);
        }
        if (value instanceof Map<?, ?> map) {
            budget.steps(map.size());
            return new ArrayList<@Nullable Object>(map.keySet());
        }
        if (value instanceof String text) {
            budget.steps(text.length());
            return text.codePoints().mapToObj(Character::toString).collect(Collectors.toCollection(ArrayList::new));
        }
        if (value == Undefined.UNDEFINED) {
            return new ArrayList<>();
        }
        throw new JinjaException("must be a list, a map or a text, found " + scalar(value));
    }

    static long length(@Nullable Object value, Budget budget) {
        return value instanceof String text
                ? text.codePointCount(0, text.length())
                : list(value, budget).size();
    }
}
