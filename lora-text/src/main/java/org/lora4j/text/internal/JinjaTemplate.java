package org.lora4j.text.internal;

import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A chat template in Jinja, as {@code transformers} runs it. It sees the values that it is given and nothing of Java, changes
 * none of them, and ends after a number of steps.
 */
public final class JinjaTemplate {
    private static final int MOST_CHARACTERS = 1_000_000;

    private final Statement all;
    private final boolean marksGeneration;

    private JinjaTemplate(Statement all, boolean marksGeneration) {
        this.all = all;
        this.marksGeneration = marksGeneration;
    }

    /**
     * Parses a template.
     *
     * @param source the text of the template
     * @return the template
     * @throws JinjaException if it is no template; the message has the line
     */
    public static JinjaTemplate parse(String source) {
        if (source.length() > MOST_CHARACTERS) {
            throw new JinjaException("a template must have at most " + MOST_CHARACTERS + " characters, found more");
        }
        List<Lexer.Token> tokens = Lexer.tokens(source);
        boolean marks = tokens.stream().anyMatch(token -> token.is(Lexer.Kind.NAME, "endgeneration"));
        try {
            return new JinjaTemplate(new TemplateParser(tokens).template(), marks);
        } catch (StackOverflowError e) {
            throw tooDeep();
        }
    }

    /**
     * Returns whether the template marks what the model writes, with {@code generation}.
     *
     * @return true if {@link Rendered#generated} has the ranges
     */
    public boolean marksGeneration() {
        return marksGeneration;
    }

    /**
     * What a template writes.
     *
     * @param text the text
     * @param generated where parts that the model writes begin and end in it
     */
    public record Rendered(String text, List<int[]> generated) {}

    /**
     * Runs the template.
     *
     * @param values the values by name: texts, numbers, booleans, lists and maps
     * @return what it writes
     * @throws JinjaException if it is wrong, refuses the values, or uses too much
     */
    public Rendered render(Map<String, ? extends @Nullable Object> values) {
        Scope scope = Scope.root();
        functions(scope);
        values.forEach((name, value) -> scope.set(name, Values.of(value, 0)));
        try {
            all.run(scope.inner());
        } catch (StackOverflowError e) {
            throw tooDeep();
        }
        return new Rendered(scope.out.toString(), scope.ranges == null ? List.of() : scope.ranges);
    }

    /** A chain such as {@code a + a + a} has no other limit. */
    private static JinjaException tooDeep() {
        return new JinjaException("a template must not be nested so deep that the stack of the thread ends");
    }

    private static void functions(Scope scope) {
        scope.set("raise_exception", (Callable) (arguments, named) -> {
            throw new JinjaException(
                    "the template refuses the conversation: " + Values.text(arguments.get(0), scope.budget));
        });
        scope.set("range", (Callable) (arguments, named) -> range(arguments, scope.budget));
        scope.set("namespace", (Callable) (arguments, named) -> {
            Namespace namespace = new Namespace();
            namespace.values().putAll(named);
            return namespace;
        });
        scope.set("strftime_now", (Callable) (arguments, named) -> now(Values.text(arguments.get(0), scope.budget)));
    }

    private static List<@Nullable Object> range(List<@Nullable Object> arguments, Budget budget) {
        long from = arguments.size() > 1 ? Values.integer(arguments.get(0)) : 0;
        long to = Values.integer(arguments.get(arguments.size() > 1 ? 1 : 0));
        long step = arguments.size() > 2 ? Values.integer(arguments.get(2)) : 1;
        if (step == 0) {
            throw new JinjaException("range: the step must not be 0");
        }
        long count = Math.max(0, (to - from + step - Long.signum(step)) / step);
        budget.steps(count);
        List<@Nullable Object> numbers = new ArrayList<>();
        LongStream.range(0, count).forEach(i -> numbers.add(from + i * step));
        return numbers;
    }

    private static String now(String format) {
        LocalDateTime now = LocalDateTime.now(ZoneId.systemDefault());
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c == '%' && i + 1 < format.length()) {
                out.append(field(format.charAt(++i), now));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private static String field(char name, LocalDateTime now) {
        return switch (name) {
            case 'd', 'm', 'Y', 'y', 'H', 'M', 'S', 'b', 'B', 'a', 'A' ->
                String.format(Locale.ENGLISH, "%1$t" + name, now);
            case '%' -> "%";
            default ->
                throw new JinjaException(
                        "strftime_now: must have one of %d %m %Y %y %H %M %S %b %B %a %A, found %" + name);
        };
    }
}
