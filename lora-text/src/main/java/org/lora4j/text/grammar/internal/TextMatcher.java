package org.lora4j.text.grammar.internal;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decides of patterns and names whether they fit, while a grammar is compiled whose own expressions cannot be asked yet. */
final class TextMatcher {
    private final Effort effort;
    private @Nullable Spelling spelling;
    private final Map<String, Expression> patterns = new HashMap<>();

    /**
     * Creates an instance.
     *
     * @param effort what its steps are charged to
     */
    TextMatcher(Effort effort) {
        this.effort = effort;
    }

    Expressions expressions() {
        return spelling().expressions();
    }

    /** Most schemas need none. */
    Spelling spelling() {
        Spelling known = spelling;
        if (known == null) {
            Expressions all = new Expressions();
            all.completeForAnyBytes();
            known = Spelling.utf8(all);
            spelling = known;
        }
        return known;
    }

    /** The texts that a pattern is found in. */
    Expression pattern(String pattern, String place) {
        Expression known = patterns.get(pattern);
        if (known == null) {
            known = PatternParser.parse(spelling(), pattern, place);
            patterns.put(pattern, known);
        }
        return known;
    }

    boolean has(Expression texts, String text) {
        Expression at = texts;
        for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
            at = at.after(Byte.toUnsignedInt(value));
        }
        boolean has = at.isNullable();
        charge();
        return has;
    }

    boolean isEmpty(Expression texts) {
        boolean isEmpty = texts.shortest() >= Expression.NO_END;
        charge();
        return isEmpty;
    }

    /** What was computed here takes as long as what is computed for the grammar. */
    private void charge() {
        Effort here = expressions().effort();
        long steps = here.steps();
        here.begin();
        effort.spend(steps);
    }
}
