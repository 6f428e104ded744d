package org.lora4j.text.chat.internal;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's texts. */
final class TextMethods {
    private interface Body {
        @Nullable
        Object of(String self, CallArguments given);
    }

    static final Map<String, Routine> KNOWN = new TreeMap<>(Map.ofEntries(
            entry("strip", method("chars=None, /", (self, given) -> PythonText.strip(self, characters(given)))),
            entry("lstrip", method("chars=None, /", (self, given) -> PythonText.lstrip(self, characters(given)))),
            entry("rstrip", method("chars=None, /", (self, given) -> PythonText.rstrip(self, characters(given)))),
            entry("upper", method("", (self, given) -> CountedCase.upper(self, given.budget()))),
            entry("lower", method("", (self, given) -> CountedCase.lower(self, given.budget()))),
            entry("capitalize", method("", (self, given) -> PythonText.capitalize(self, given.budget()))),
            entry("title", method("", (self, given) -> PythonText.title(self, given.budget()))),
            entry("swapcase", method("", (self, given) -> PythonText.swapCase(self, given.budget()))),
            entry("startswith", method("prefix, start=None, end=None, /", (self, given) -> atEnd(self, given, true))),
            entry("endswith", method("suffix, start=None, end=None, /", (self, given) -> atEnd(self, given, false))),
            entry("find", method("sub, start=None, end=None, /", (self, given) -> TextSearch.find(self, given, true))),
            entry(
                    "rfind",
                    method("sub, start=None, end=None, /", (self, given) -> TextSearch.find(self, given, false))),
            entry(
                    "index",
                    method("sub, start=None, end=None, /", (self, given) -> found(TextSearch.find(self, given, true)))),
            entry(
                    "rindex",
                    method(
                            "sub, start=None, end=None, /",
                            (self, given) -> found(TextSearch.find(self, given, false)))),
            entry("count", method("sub, start=None, end=None, /", TextSearch::count)),
            entry(
                    "replace",
                    method(
                            "old, new, count=-1",
                            (self, given) -> PythonText.replace(
                                    self, given.text(0), given.text(1), given.integer(2), given.budget()))),
            entry("split", method("sep=None, maxsplit=-1", TextMethods::split)),
            entry("rsplit", method("sep=None, maxsplit=-1", TextSearch::splitFromEnd)),
            entry(
                    "splitlines",
                    method(
                            "keepends=False",
                            (self, given) -> Sequence.list(PythonText.lines(self, given.flag(0), given.budget())))),
            entry("partition", method("sep, /", TextSearch::partition)),
            entry("rpartition", method("sep, /", TextSearch::partitionFromEnd)),
            entry(
                    "removeprefix",
                    method(
                            "prefix, /",
                            (self, given) -> self.startsWith(given.text(0))
                                    ? self.substring(given.text(0).length())
                                    : self)),
            entry(
                    "removesuffix",
                    method(
                            "suffix, /",
                            (self, given) -> self.endsWith(given.text(0))
                                    ? self.substring(
                                            0, self.length() - given.text(0).length())
                                    : self)),
            entry("join", method("iterable, /", TextMethods::join)),
            entry("ljust", method("width, fillchar=' ', /", (self, given) -> padded(self, given, 0, 1))),
            entry("rjust", method("width, fillchar=' ', /", (self, given) -> padded(self, given, 1, 0))),
            entry("center", method("width, fillchar=' ', /", (self, given) -> padded(self, given, 1, 1))),
            entry("zfill", method("width, /", TextMethods::zeros)),
            entry("isalpha", all(Character::isLetter)),
            entry("isdigit", all(TextMethods::isDigit)),
            entry("isdecimal", all(Character::isDigit)),
            entry("isalnum", all(c -> Character.isLetter(c) || isNumeric(c))),
            entry("isspace", all(PythonText::isSpace)),
            entry("isascii", method("", (self, given) -> self.chars().allMatch(c -> c < 0x80))),
            entry("isupper", method("", (self, given) -> isUpper(self))),
            entry("islower", method("", (self, given) -> isLower(self)))));

    /** What Python has and a template cannot call here. */
    static final Set<String> NOT_HERE = Set.of(
            "casefold",
            "encode",
            "expandtabs",
            "format",
            "format_map",
            "isidentifier",
            "isnumeric",
            "isprintable",
            "istitle",
            "maketrans",
            "translate");

    /** First and last of the digits of Unicode that are no decimal digits. */
    private static final int[] DIGITS = {
        0xb2, 0xb3, 0xb9, 0xb9, 0x1369, 0x1371, 0x19da, 0x19da, 0x2070, 0x2070, 0x2074, 0x2079, 0x2080, 0x2089, 0x2460,
        0x2468, 0x2474, 0x247c, 0x2488, 0x2490, 0x24ea, 0x24ea, 0x24f5, 0x24fd, 0x24ff, 0x24ff, 0x2776, 0x277e, 0x2780,
        0x2788, 0x278a, 0x2792, 0x10a40, 0x10a43, 0x10e60, 0x10e68, 0x11052, 0x1105a, 0x1f100, 0x1f10a
    };

    private TextMethods() {}

    private static Routine method(String parameters, Body body) {
        return Routine.of(parameters, (self, given) -> {
            String text = (String) Objects.requireNonNull(self);
            given.budget().text(text.length());
            return body.of(text, given);
        });
    }

    private static Routine all(IntPredicate test) {
        return method("", (self, given) -> PythonText.all(self, test));
    }

    /** What is stripped; null for white space. */
    private static @Nullable String characters(CallArguments given) {
        return given.isNone(0) ? null : given.text(0);
    }

    private static Long found(long at) {
        if (at < 0) {
            throw new JinjaException("index: the text must have the part, found none");
        }
        return at;
    }

    /** Whether a text begins or ends with one of several. */
    private static Boolean atEnd(String self, CallArguments given, boolean begin) {
        TextSearch.Range range = TextSearch.range(self, given);
        if (given.get(0) instanceof Sequence tuple && tuple.kind() == Sequence.Kind.TUPLE) {
            given.budget().elements(tuple.size());
            return tuple.elements().stream().anyMatch(part -> isAtEnd(range, required(part, given), begin, given));
        }
        return isAtEnd(range, given.text(0), begin, given);
    }

    private static String required(@Nullable Object part, CallArguments given) {
        if (part instanceof String text) {
            return text;
        }
        throw new JinjaException(given.function() + ": must have texts, found " + Values.kind(part));
    }

    private static boolean isAtEnd(TextSearch.Range range, String part, boolean begin, CallArguments given) {
        given.budget().read(part.length());
        return range.exists()
                && (begin ? range.text().startsWith(part) : range.text().endsWith(part));
    }

    private static Sequence split(String self, CallArguments given) {
        int most = given.integer(1);
        return Sequence.list(
                given.isNone(0)
                        ? PythonText.words(self, most, given.budget())
                        : PythonText.split(self, given.text(0), most, given.budget()));
    }

    private static String join(String self, CallArguments given) {
        List<@Nullable Object> parts = Values.list(given.get(0), given.budget());
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            String part = required(parts.get(i), given);
            String between = i == 0 ? "" : self;
            given.budget().grow(out.length(), between.length() + (long) part.length());
            out.append(between).append(part);
        }
        return out.toString();
    }

    private static String padded(String self, CallArguments given, int left, int right) {
        String fill = given.text(1);
        if (PythonText.length(fill, given.budget()) != 1) {
            throw new JinjaException(given.function() + ": must fill with one character, found " + fill.length());
        }
        int width = given.integer(0);
        if (left == right) {
            return centered(self, width, fill, given.budget());
        }
        String space = PythonText.repeat(fill, (long) width - PythonText.length(self, given.budget()), given.budget());
        given.budget().text((long) self.length() + space.length());
        return left > 0 ? space + self : self + space;
    }

    /** As CPython centers: an odd space goes to the left if the width is odd. */
    static String centered(String text, int width, String fill, Budget budget) {
        long missing = (long) width - PythonText.length(text, budget);
        if (missing <= 0) {
            return text;
        }
        long before = missing / 2 + (missing & width & 1);
        budget.text(text.length() + missing * fill.length());
        return PythonText.repeat(fill, before, budget) + text + PythonText.repeat(fill, missing - before, budget);
    }

    private static String zeros(String self, CallArguments given) {
        boolean signed = self.startsWith("-") || self.startsWith("+");
        long missing = (long) given.integer(0) - PythonText.length(self, given.budget());
        String zeros = PythonText.repeat("0", missing, given.budget());
        return signed ? self.charAt(0) + zeros + self.substring(1) : zeros + self;
    }

    /** Decimal digits, and those in circles, above or below the line. */
    private static boolean isDigit(int c) {
        if (Character.isDigit(c)) {
            return true;
        }
        for (int i = 0; i < DIGITS.length; i += 2) {
            if (c >= DIGITS[i] && c <= DIGITS[i + 1]) {
                return true;
            }
        }
        return false;
    }

    private static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    /** Whether a regular expression of Python takes it as a part of a word. */
    static boolean isWord(int c) {
        return Character.isLetter(c) || isNumeric(c) || c == '_';
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }
}
