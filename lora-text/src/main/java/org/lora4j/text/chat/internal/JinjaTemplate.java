package org.lora4j.text.chat.internal;

import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
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
        try {
            TemplateParser parser = new TemplateParser(Lexer.tokens(source));
            Statement all = parser.template();
            return new JinjaTemplate(all, parser.marksGeneration());
        } catch (StackOverflowError e) {
            throw tooDeep();
        }
    }

    /** The limits are for a stack of usual size; a thread can have a smaller one. */
    private static JinjaException tooDeep() {
        return new JinjaException("a template must not be nested deeper than the stack of the thread allows, found one"
                + " that is; use a thread with a larger stack");
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
     * @param lostMark whether there are such parts whose place is not known, because they are in a macro or in {@code set}
     */
    public record Rendered(String text, List<int[]> generated, boolean lostMark) {}

    /**
     * Runs the template.
     *
     * @param values the values by name: texts, numbers, booleans, lists and maps
     * @return what it writes
     * @throws JinjaException if it is wrong, refuses the values, or uses too much
     */
    public Rendered render(Map<String, ? extends @Nullable Object> values) {
        return render(values, Clock.system(ZoneId.systemDefault()));
    }

    Rendered render(Map<String, ? extends @Nullable Object> values, Clock clock) {
        Scope scope = Scope.root();
        Functions.define(scope, clock);
        try {
            values.forEach((name, value) -> scope.set(name, Values.of(value, scope.budget, 0)));
            all.run(scope.inner());
        } catch (StackOverflowError e) {
            throw tooDeep();
        }
        return new Rendered(scope.out.toString(), scope.out.marks(), scope.out.lostMark());
    }
}
