package org.lora4j.attack;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Where the values, keys and members of a JSON text are. The text may be damaged: then this is what was found in it. A
 * mutation of spans can write what no JSON library would: keys twice, numbers of a thousand digits, a depth of 100,000.
 */
record JsonSpans(List<Span> values, List<Span> keys, List<Span> members) {
    /** The characters from start (included) to end (excluded). */
    record Span(int start, int end) {
        String of(String text) {
            return text.substring(start, end);
        }
    }

    private record Open(int start, int key) {}

    static JsonSpans of(String text) {
        JsonSpans spans = new JsonSpans(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Deque<Open> open = new ArrayDeque<>();
        int key = -1;
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (c == '{' || c == '[') {
                open.push(new Open(i, key));
                key = -1;
                i++;
            } else if ((c == '}' || c == ']') && !open.isEmpty()) {
                i++;
                Open closed = open.pop();
                spans.add(closed.start(), i, closed.key());
                key = -1;
            } else if (c == '"' || isScalar(c)) {
                int end = c == '"' ? endOfString(text, i) : endOfScalar(text, i);
                if (c == '"' && end < text.length() && text.charAt(end) == ':') {
                    key = i;
                    spans.keys().add(new Span(i, end));
                } else {
                    spans.add(i, end, key);
                    key = -1;
                }
                i = end;
            } else {
                i++;
            }
        }
        return spans;
    }

    private void add(int start, int end, int key) {
        values.add(new Span(start, end));
        if (key >= 0) {
            members.add(new Span(key, end));
        }
    }

    private static boolean isScalar(char c) {
        return Character.isLetterOrDigit(c) || c == '-' || c == '.' || c == '+';
    }

    private static int endOfScalar(String text, int start) {
        int end = start;
        while (end < text.length() && isScalar(text.charAt(end))) {
            end++;
        }
        return end;
    }

    private static int endOfString(String text, int start) {
        for (int i = start + 1; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.charAt(i) == '"') {
                return i + 1;
            }
        }
        return text.length();
    }
}
