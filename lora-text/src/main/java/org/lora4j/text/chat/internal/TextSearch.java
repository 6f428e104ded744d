package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods of texts that look for a part, from the beginning or from the end. */
final class TextSearch {
    /**
     * The part of a text between two positions.
     *
     * @param text the part
     * @param from the code points before it
     * @param exists false if it begins after the end of the text
     */
    record Range(String text, int from, boolean exists) {}

    private TextSearch() {}

    /** The range of {@code method(part, start, end)}. */
    static Range range(String self, CallArguments given) {
        if (given.isNone(1) && given.isNone(2)) {
            return new Range(self, 0, true);
        }
        int length = PythonText.length(self, given.budget());
        long from = given.isNone(1) ? 0 : given.integer(1);
        long to = given.isNone(2) ? length : given.integer(2);
        from = from < 0 ? Math.max(0, from + length) : from;
        to = Math.min(length, to < 0 ? Math.max(0, to + length) : to);
        if (from > to) {
            return new Range("", 0, false);
        }
        int begin = PythonText.offset(self, 0, (int) from);
        return new Range(self.substring(begin, PythonText.offset(self, begin, (int) (to - from))), (int) from, true);
    }

    static long find(String self, CallArguments given, boolean first) {
        Range range = range(self, given);
        String part = given.text(0);
        String text = first ? range.text : PythonText.reversed(range.text);
        int at = range.exists ? new Needle(first ? part : PythonText.reversed(part), given.budget()).find(text, 0) : -1;
        if (at < 0) {
            return -1;
        }
        int position = first ? at : text.length() - at - part.length();
        return (long) range.from + range.text.codePointCount(0, position);
    }

    static Long count(String self, CallArguments given) {
        Range range = range(self, given);
        Needle part = new Needle(given.text(0), given.budget());
        if (!range.exists) {
            return 0L;
        }
        if (part.length() == 0) {
            return PythonText.length(range.text, given.budget()) + 1L;
        }
        long count = 0;
        for (int at = part.find(range.text, 0); at >= 0; at = part.find(range.text, at + part.length())) {
            count++;
        }
        return count;
    }

    static Sequence splitFromEnd(String self, CallArguments given) {
        String separator = given.isNone(0) ? null : PythonText.reversed(given.text(0));
        String text = PythonText.reversed(self);
        int most = given.integer(1);
        List<@Nullable Object> parts = separator == null
                ? PythonText.words(text, most, given.budget())
                : PythonText.split(text, separator, most, given.budget());
        parts.replaceAll(part -> PythonText.reversed((String) part));
        Collections.reverse(parts);
        return Sequence.list(parts);
    }

    static Sequence partition(String self, CallArguments given) {
        String separator = given.text(0);
        PythonText.requireSeparator(separator);
        int at = new Needle(separator, given.budget()).find(self, 0);
        return at < 0 ? three(self, "", "") : parts(self, separator, at);
    }

    static Sequence partitionFromEnd(String self, CallArguments given) {
        String separator = given.text(0);
        PythonText.requireSeparator(separator);
        int at = new Needle(PythonText.reversed(separator), given.budget()).find(PythonText.reversed(self), 0);
        return at < 0 ? three("", "", self) : parts(self, separator, self.length() - at - separator.length());
    }

    private static Sequence parts(String self, String separator, int at) {
        return three(self.substring(0, at), separator, self.substring(at + separator.length()));
    }

    private static Sequence three(String a, String b, String c) {
        return Sequence.tuple(new ArrayList<>(List.of(a, b, c)));
    }
}
