package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a template writes, and which parts of it are marked with {@code generation}. */
final class Output {
    private final Budget budget;
    private final StringBuilder text = new StringBuilder();
    private final List<int[]> marks = new ArrayList<>();
    /** Where what is captured may be written later; null for what the template writes itself. */
    private final @Nullable Output outer;

    private boolean lostMark;

    Output(Budget budget) {
        this(budget, null);
    }

    private Output(Budget budget, @Nullable Output outer) {
        this.budget = budget;
        this.outer = outer;
    }

    Output captured() {
        return new Output(budget, this);
    }

    void write(String more) {
        budget.grow(text.length(), more.length());
        text.append(more);
    }

    int length() {
        return text.length();
    }

    /** Marks what was written since a position. What is captured may be written anywhere, so its mark is lost. */
    void mark(int from) {
        if (outer == null) {
            marks.add(new int[] {from, text.length()});
        } else {
            outer.lose();
        }
    }

    private void lose() {
        lostMark = true;
        if (outer != null) {
            outer.lose();
        }
    }

    List<int[]> marks() {
        return marks;
    }

    boolean lostMark() {
        return lostMark;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
