package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.grammar.Grammar;

/**
 * How a family writes calls, and what a reader looks for. Each family is a small class, and a constant of {@link ToolFormat}.
 *
 * <p>The patterns have a group {@code body}, the first character of what is different in each call: the arguments, or the JSON object
 * with name and arguments. If the name stands before it, it is the group {@code name}, and an id the group {@code id}.
 */
abstract class ToolSyntax {
    /** A longer run of white space is text. */
    static final String SPACE = "\\s{0,64}+";

    /** A name or an id that stands outside of JSON. */
    static final String PLAIN = "[^\\s\\[\\]{}<>\"]{1,128}+";

    static final String NAME = "(?<name>" + PLAIN + ")";
    static final String BODY = "(?<body>\\{)";

    private final Marks marks;
    private final ArgumentForm arguments;
    private final Pattern first;
    private final Pattern begin;
    private final @Nullable Pattern after;

    /**
     * Creates a syntax whose calls begin in the same way everywhere.
     *
     * @param marks the parts that are special tokens in some models
     * @param arguments how arguments are written
     * @param begin the beginning of a call, with the group body
     * @param after what follows on a call: the beginning of another one, with this group, or the end; null for nothing
     */
    ToolSyntax(List<String> marks, ArgumentForm arguments, String begin, @Nullable String after) {
        this(marks, arguments, begin, begin, after);
    }

    /**
     * Creates a syntax.
     *
     * @param first the beginning of a call at the beginning of the answer
     */
    ToolSyntax(List<String> marks, ArgumentForm arguments, String first, String begin, @Nullable String after) {
        this.marks = new Marks(List.copyOf(marks));
        this.arguments = arguments;
        this.first = Pattern.compile(SPACE + first);
        this.begin = begin.equals(first) ? this.first : Pattern.compile(SPACE + begin);
        this.after = after == null ? null : Pattern.compile(SPACE + after);
    }

    /** Whether a template may write calls like this. A call that it writes decides. */
    abstract boolean isIn(String template);

    /** What stands before the first call. */
    String open() {
        return "";
    }

    /** What stands before the arguments of a call. */
    abstract String head(String name, @Nullable String id);

    /** What follows on the arguments of a call. */
    String tail(@Nullable String id) {
        return "";
    }

    /** What stands between two calls. */
    String separator() {
        return "";
    }

    /** What follows on the last call. */
    String close() {
        return "";
    }

    /** The mark that only calls begin with; empty if there is none. */
    Optional<String> firstMark() {
        String text = open() + head("f", null);
        return marks.texts().stream().filter(text::startsWith).findFirst();
    }

    /** Returns what reads a call that a pattern found. */
    CallBody body(Matcher begun, CallContext context) {
        String name = group(begun, "name");
        return name == null ? object(context) : arguments.read(group(begun, "id"), name, context);
    }

    /** Returns what reads an object with name and arguments. */
    CallBody object(CallContext context) {
        return CallJson.ofCall(context.json(), true);
    }

    private static @Nullable String group(Matcher matcher, String name) {
        return matcher.pattern().pattern().contains("(?<" + name + ">") ? matcher.group(name) : null;
    }

    /** The first character of the body of a call that a pattern found; -1 if it found no call. */
    static int body(Matcher found) {
        return group(found, "body") == null ? -1 : found.start("body");
    }

    Pattern first() {
        return first;
    }

    Pattern begin() {
        return begin;
    }

    @Nullable
    Pattern after() {
        return after;
    }

    Marks marks() {
        return marks;
    }

    /** Writes a call, without what stands before the first one and after the last one. */
    String write(ToolCall call) {
        return head(call.name(), call.id()) + arguments.write(call.arguments()) + tail(call.id());
    }

    /** Returns the calls of a tool, without what stands before the first one and after the last one. */
    Grammar call(Tool tool) {
        return Grammar.sequence(
                marks.written(head(tool.name(), null)), arguments.grammar(tool, marks), marks.written(tail(null)));
    }

    /** Returns one call, or calls one after the other. */
    Grammar calls(List<Grammar> each, boolean isRepeated) {
        Grammar call = Grammar.anyOf(each.toArray(Grammar[]::new));
        List<Grammar> parts = new ArrayList<>(List.of(marks.written(open()), call));
        if (isRepeated) {
            parts.add(Grammar.zeroOrMore(Grammar.sequence(marks.written(separator()), call)));
        }
        parts.add(marks.written(close()));
        return Grammar.sequence(parts.toArray(Grammar[]::new));
    }

    /** Returns a name or an id that stands outside of JSON. */
    static String plain(String what, String text) {
        if (!text.matches(PLAIN)) {
            throw new IllegalArgumentException("the " + what + " of a call must have 1 to 128 characters without white"
                    + " space, brackets and quotes where it stands outside of JSON, found " + MessageText.quote(text));
        }
        return text;
    }

    static String quoted(String text) {
        return ToolJson.write("a name", Objects.requireNonNull(text));
    }
}
