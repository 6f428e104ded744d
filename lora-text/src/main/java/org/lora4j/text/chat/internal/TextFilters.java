package org.lora4j.text.chat.internal;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters that return texts. Most of them take any value as it is written. */
final class TextFilters {
    private static final Pattern WORD = Pattern.compile("[^-\\s\\p{Z}\\x1c-\\x1f\\x85({\\[<]++");

    private interface Body {
        @Nullable
        Object of(String text, CallArguments given);
    }

    static final Map<String, Routine> KNOWN = Map.ofEntries(
            entry(
                    "trim",
                    written(
                            "chars=None",
                            (text, given) -> PythonText.strip(text, given.isNone(0) ? null : given.text(0)))),
            entry("upper", written("", (text, given) -> CountedCase.upper(text, given.budget()))),
            entry("lower", written("", (text, given) -> CountedCase.lower(text, given.budget()))),
            entry("capitalize", written("", (text, given) -> PythonText.capitalize(text, given.budget()))),
            entry("title", written("", (text, given) -> title(text, given.budget()))),
            entry(
                    "string",
                    Routine.of(
                            "",
                            (value, given) -> value instanceof SafeText ? value : Printer.text(value, given.budget()))),
            entry("safe", Routine.of("", (value, given) -> new SafeText(Printer.text(value, given.budget())))),
            entry(
                    "replace",
                    written(
                            "old, new, count=None",
                            (text, given) -> PythonText.replace(
                                    text,
                                    given.written(0),
                                    given.written(1),
                                    given.isNone(2) ? -1 : given.integer(2),
                                    given.budget()))),
            entry(
                    "center",
                    written(
                            "width=80",
                            (text, given) -> TextMethods.centered(text, given.integer(0), " ", given.budget()))),
            entry("format", new Routine(null, TextFilters::format)),
            entry("wordcount", written("", (text, given) -> wordCount(text))),
            entry("indent", text("width=4, first=False, blank=False", TextFilters::indent)),
            entry("truncate", Routine.of("length=255, killwords=False, end='...', leeway=None", TextFilters::truncate)),
            entry(
                    "tojson",
                    Routine.of(
                            "ensure_ascii=False, indent=None, separators=None, sort_keys=False", TextFilters::json)));

    private TextFilters() {}

    private static Routine written(String parameters, Body body) {
        return Routine.of(parameters, (value, given) -> {
            if (value instanceof SafeText) {
                throw Values.wrong("a text", value);
            }
            String text = Printer.text(value, given.budget());
            given.budget().text(text.length());
            return body.of(text, given);
        });
    }

    private static String format(@Nullable Object value, CallArguments given) {
        if (value instanceof SafeText) {
            throw Values.wrong("a text", value);
        }
        return PercentFormat.filter(Printer.text(value, given.budget()), given.passed(), given.budget());
    }

    private static Routine text(String parameters, Body body) {
        return Routine.of(parameters, (value, given) -> {
            if (!(value instanceof String text)) {
                throw Values.wrong("a text", value);
            }
            given.budget().text(text.length());
            return body.of(text, given);
        });
    }

    /** Jinja's {@code title}, where words end at spaces, hyphens and opening brackets. */
    private static String title(String text, Budget budget) {
        StringBuilder out = new StringBuilder(text.length());
        Matcher words = WORD.matcher(text);
        int from = 0;
        while (words.find()) {
            String word = words.group();
            int first = Character.charCount(word.codePointAt(0));
            String cased = CountedCase.upper(word.substring(0, first), budget)
                    + CountedCase.lower(word.substring(first), budget);
            budget.grow(out.length(), (long) (words.start() - from) + cased.length());
            out.append(text, from, words.start()).append(cased);
            from = words.end();
        }
        return out.append(text, from, text.length()).toString();
    }

    private static long wordCount(String text) {
        long words = 0;
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean isLetter = TextMethods.isWord(c);
            words += isLetter && !inWord ? 1 : 0;
            inWord = isLetter;
        }
        return words;
    }

    private static String indent(String text, CallArguments given) {
        String indention = given.get(0) instanceof String given0
                ? given0
                : PythonText.repeat(" ", given.integer(0), given.budget());
        boolean blank = given.flag(2);
        StringBuilder out = new StringBuilder();
        if (given.flag(1)) {
            given.budget().text(indention.length());
            out.append(indention);
        }
        List<@Nullable Object> lines = PythonText.lines(text + "\n", false, given.budget());
        for (int i = 0; i < lines.size(); i++) {
            String line = String.valueOf(lines.get(i));
            String before = i == 0 ? "" : blank || !line.isEmpty() ? "\n" + indention : "\n";
            given.budget().grow(out.length(), before.length() + (long) line.length());
            out.append(before).append(line);
        }
        return out.toString();
    }

    private static @Nullable Object truncate(@Nullable Object value, CallArguments given) {
        int length = given.integer(0);
        String end = given.text(2);
        int leeway = given.isNone(3) ? 5 : given.integer(3);
        int kept = length - PythonText.length(end, given.budget());
        if (kept < 0 || leeway < 0) {
            throw new JinjaException("truncate: length must be at least that of the end, and leeway at least 0");
        }
        if (Values.length(value, given.budget()) <= (long) length + leeway) {
            return value;
        }
        if (!(value instanceof String text)) {
            throw Values.wrong("a text", value);
        }
        given.budget().text(text.length());
        String beginning = text.substring(0, PythonText.offset(text, 0, kept));
        int space = given.flag(1) ? -1 : beginning.lastIndexOf(' ');
        return PythonText.concatenate(space < 0 ? beginning : beginning.substring(0, space), end, given.budget());
    }

    private static String json(@Nullable Object value, CallArguments given) {
        Object indent = given.get(1);
        String level = indent == null || indent instanceof String
                ? (String) indent
                : PythonText.repeat(" ", given.integer(1), given.budget());
        String item = indent == null ? ", " : ",";
        String key = ": ";
        if (!given.isNone(2)) {
            List<@Nullable Object> both = Values.list(given.get(2), given.budget());
            if (both.size() != 2 || !(both.get(0) instanceof String first) || !(both.get(1) instanceof String second)) {
                throw new JinjaException("tojson: separators must be two texts");
            }
            item = first;
            key = second;
        }
        return JsonWriter.write(
                value, new JsonWriter.Style(given.flag(0), level, item, key, given.flag(3)), given.budget());
    }
}
