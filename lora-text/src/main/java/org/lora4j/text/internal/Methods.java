package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods of Python's texts and dictionaries that chat templates call. None changes anything. */
final class Methods {
    private Methods() {}

    static @Nullable Object call(
            String name, @Nullable Object object, List<@Nullable Object> arguments, Budget budget) {
        if (object instanceof String text) {
            budget.characters(text.length());
            return ofText(name, text, arguments, budget);
        }
        if (object instanceof Map<?, ?> map) {
            budget.steps(map.size());
            return ofMap(name, map, arguments);
        }
        throw unknown(name);
    }

    private static JinjaException unknown(String name) {
        return new JinjaException(
                "a template can call methods of texts and maps that change nothing, found '" + name + "'");
    }

    private static Object ofText(String name, String text, List<@Nullable Object> arguments, Budget budget) {
        String first = arguments.isEmpty() || arguments.get(0) == null ? "" : Values.text(arguments.get(0), budget);
        return switch (name) {
            case "strip" -> strip(text, first, true, true);
            case "lstrip" -> strip(text, first, true, false);
            case "rstrip" -> strip(text, first, false, true);
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "capitalize" -> capitalize(text);
            case "title" -> title(text);
            case "startswith" -> text.startsWith(first);
            case "endswith" -> text.endsWith(first);
            case "find" -> (long) text.indexOf(first);
            case "replace" -> replace(text, first, Values.text(arguments.get(1), budget), budget);
            case "split" -> split(text, arguments, budget);
            default -> throw unknown(name);
        };
    }

    /** Drops white space, or the characters that are given, at the ends. */
    static String strip(String text, String characters, boolean left, boolean right) {
        int from = 0;
        int to = text.length();
        while (left && from < to && isDropped(text.charAt(from), characters)) {
            from++;
        }
        while (right && to > from && isDropped(text.charAt(to - 1), characters)) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean isDropped(char c, String characters) {
        return characters.isEmpty()
                ? Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085'
                : characters.indexOf(c) >= 0;
    }

    static String capitalize(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT)
                        + text.substring(1).toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        StringBuilder result = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            result.append(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return result.toString();
    }

    static String replace(String text, String from, String to, Budget budget) {
        long places = from.isEmpty() ? text.length() + 1 : text.length() / from.length();
        budget.characters(text.length() + places * to.length());
        return text.replace(from, to);
    }

    private static List<@Nullable Object> split(String text, List<@Nullable Object> arguments, Budget budget) {
        budget.steps(text.length());
        List<@Nullable Object> parts = new ArrayList<>();
        if (arguments.isEmpty() || arguments.get(0) == null) {
            for (String word : text.strip().split("\\s+", -1)) {
                if (!word.isEmpty()) {
                    parts.add(word);
                }
            }
            return parts;
        }
        String separator = Values.text(arguments.get(0), budget);
        if (separator.isEmpty()) {
            throw new JinjaException("split: the separator must not be empty");
        }
        int most = arguments.size() > 1 ? Values.integer(arguments.get(1)) : -1;
        int from = 0;
        for (int at = text.indexOf(separator); at >= 0 && parts.size() != most; at = text.indexOf(separator, from)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static @Nullable Object ofMap(String name, Map<?, ?> map, List<@Nullable Object> arguments) {
        return switch (name) {
            case "items" -> items(map);
            case "keys" -> new ArrayList<@Nullable Object>(map.keySet());
            case "values" -> new ArrayList<@Nullable Object>(map.values());
            case "get" ->
                map.containsKey(arguments.get(0))
                        ? map.get(arguments.get(0))
                        : arguments.size() > 1 ? arguments.get(1) : null;
            default -> throw unknown(name);
        };
    }

    static List<@Nullable Object> items(Map<?, ?> map) {
        List<@Nullable Object> items = new ArrayList<>();
        map.forEach((key, value) -> {
            List<@Nullable Object> pair = new ArrayList<>();
            pair.add(key);
            pair.add(value);
            items.add(pair);
        });
        return items;
    }
}
