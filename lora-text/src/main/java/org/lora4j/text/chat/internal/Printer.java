package org.lora4j.text.chat.internal;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Python's {@code str} and {@code repr}. */
final class Printer {
    private final Budget budget;
    private final StringBuilder out = new StringBuilder();

    private Printer(Budget budget) {
        this.budget = budget;
    }

    /** What a template writes for a value. */
    static String text(@Nullable Object value, Budget budget) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof SafeText safe) {
            return safe.text();
        }
        return value instanceof Undefined ? "" : representation(value, budget);
    }

    static String representation(@Nullable Object value, Budget budget) {
        Printer printer = new Printer(budget);
        printer.print(value, 0);
        return printer.out.toString();
    }

    private void print(@Nullable Object value, int depth) {
        Values.requireDepth(depth);
        budget.operation();
        if (value instanceof String text) {
            quote(text);
        } else if (value instanceof Sequence sequence) {
            sequence(sequence, depth);
        } else if (value instanceof Dict dict) {
            dict(dict, depth);
        } else {
            add(scalar(value, budget));
        }
    }

    private void add(String text) {
        budget.grow(out.length(), text.length());
        out.append(text);
    }

    private static String scalar(@Nullable Object value, Budget budget) {
        if (value == null) {
            return "None";
        }
        if (value instanceof Boolean flag) {
            return flag ? "True" : "False";
        }
        if (value instanceof Double number) {
            return Numbers.text(number);
        }
        if (Numbers.isWhole(value)) {
            long bits = Numbers.whole(value).bitLength();
            budget.steps(bits + bits * bits / 1024);
            return value.toString();
        }
        if (value instanceof Undefined) {
            return "Undefined";
        }
        throw new JinjaException(
                "a template can write texts, numbers, booleans, lists and maps, found " + Values.kind(value));
    }

    private void sequence(Sequence sequence, int depth) {
        String name = switch (sequence.kind()) {
            case KEYS -> "dict_keys";
            case VALUES -> "dict_values";
            case ITEMS -> "dict_items";
            case RANGE -> throw new JinjaException("a template can write lists, found a range; use list");
            default -> "";
        };
        boolean isTuple = sequence.kind() == Sequence.Kind.TUPLE;
        add(name.isEmpty() ? isTuple ? "(" : "[" : name + "([");
        Iterator<@Nullable Object> elements = sequence.elements().iterator();
        while (elements.hasNext()) {
            print(elements.next(), depth + 1);
            add(elements.hasNext() ? ", " : "");
        }
        add(isTuple ? sequence.size() == 1 ? ",)" : ")" : name.isEmpty() ? "]" : "])");
    }

    private void dict(Dict dict, int depth) {
        String separator = "{";
        for (Dict.Entry entry : dict.entries()) {
            add(separator);
            print(entry.key(), depth + 1);
            add(": ");
            print(entry.value(), depth + 1);
            separator = ", ";
        }
        add(dict.size() == 0 ? "{}" : "}");
    }

    private void quote(String text) {
        budget.read(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder quoted = new StringBuilder(text.length() + 2).append(quote);
        text.codePoints().forEach(c -> {
            int known = "\n\r\t\\".indexOf(c);
            if (known >= 0) {
                quoted.append('\\').append("nrt\\".charAt(known));
            } else if (c == quote) {
                quoted.append('\\').append(quote);
            } else if (isPrintable(c)) {
                quoted.appendCodePoint(c);
            } else {
                quoted.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
            }
        });
        add(quoted.append(quote).toString());
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }
}
