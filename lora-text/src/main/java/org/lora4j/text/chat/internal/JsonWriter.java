package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}, as {@code transformers} gives it to templates: without escapes of letters outside ASCII. */
final class JsonWriter {
    /**
     * How a value is written.
     *
     * @param ascii whether letters outside ASCII are escaped
     * @param indent what a level is indented with; null for one line
     * @param item what separates elements
     * @param key what separates a key from its value
     * @param sorted whether keys are sorted
     */
    record Style(boolean ascii, @Nullable String indent, String item, String key, boolean sorted) {}

    private final Style style;
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    private JsonWriter(Style style, Budget budget) {
        this.style = style;
        this.budget = budget;
    }

    static String write(@Nullable Object value, Style style, Budget budget) {
        JsonWriter writer = new JsonWriter(style, budget);
        writer.write(value, 0);
        return writer.out.toString();
    }

    private void write(@Nullable Object value, int depth) {
        Values.requireDepth(depth);
        budget.operation();
        if (value instanceof String text) {
            quote(text);
        } else if (value instanceof SafeText safe) {
            quote(safe.text());
        } else if (value instanceof Sequence sequence
                && (sequence.kind() == Sequence.Kind.LIST || sequence.kind() == Sequence.Kind.TUPLE)) {
            list(sequence, depth);
        } else if (value instanceof Dict dict) {
            dict(dict, depth);
        } else {
            add(scalar(value));
        }
    }

    private void add(String text) {
        budget.grow(out.length(), text.length());
        out.append(text);
    }

    private static String scalar(@Nullable Object value) {
        if (value == null || value instanceof Boolean) {
            return String.valueOf(value);
        }
        if (value instanceof Double number) {
            return Double.isNaN(number)
                    ? "NaN"
                    : Double.isInfinite(number) ? number > 0 ? "Infinity" : "-Infinity" : Numbers.text(number);
        }
        if (Numbers.isWhole(value)) {
            return value.toString();
        }
        throw new JinjaException(
                "tojson: must be a text, a number, a boolean, none, a list or a map, found " + Values.kind(value));
    }

    private void list(Sequence list, int depth) {
        Iterator<@Nullable Object> elements = list.elements().iterator();
        add("[");
        while (elements.hasNext()) {
            newLine(depth + 1);
            write(elements.next(), depth + 1);
            add(elements.hasNext() ? style.item : "");
        }
        close(list.size(), depth);
        add("]");
    }

    private void dict(Dict dict, int depth) {
        List<Dict.Entry> entries = new ArrayList<>(dict.entries());
        if (style.sorted) {
            Order.sort(entries, Dict.Entry::key, false, budget);
        }
        add("{");
        for (int i = 0; i < entries.size(); i++) {
            newLine(depth + 1);
            Object key = entries.get(i).key();
            quote(key instanceof String text ? text : scalar(key));
            add(style.key);
            write(entries.get(i).value(), depth + 1);
            add(i + 1 < entries.size() ? style.item : "");
        }
        close(entries.size(), depth);
        add("}");
    }

    private void newLine(int depth) {
        if (style.indent != null) {
            add("\n" + PythonText.repeat(style.indent, depth, budget));
        }
    }

    private void close(int size, int depth) {
        if (size > 0) {
            newLine(depth);
        }
    }

    private void quote(String text) {
        budget.read(text.length());
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int known = "\"\\\n\r\t\b\f".indexOf(c);
            if (known >= 0) {
                quoted.append('\\').append("\"\\nrtbf".charAt(known));
            } else if (c < ' ' || (style.ascii && c > '~')) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        add(quoted.append('"').toString());
    }
}
