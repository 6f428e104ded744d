package org.lora4j.text.grammar.internal;

import java.util.Collection;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A set of texts of bytes, and of tokens that are no text. Equal expressions of one {@link ExpressionFactory} are the same object. What may follow a byte is again an
 * expression, the derivative (Brzozowski, <a href="https://doi.org/10.1145/321239.321249">doi:10.1145/321239.321249</a>), which is
 * computed once. Not thread-safe.
 */
public abstract class Expression {
    /** The length of the shortest text of an expression without texts. */
    public static final long NO_END = 1L << 60;

    private static final long UNKNOWN = -1;

    final ExpressionFactory all;
    final int id;

    /** Whether it refers to no rule. */
    final boolean isRegular;

    /** How deep a derivative recurs. */
    final int depth;

    /** Whether a part of it is {@link Searched}; a shortest text of it is only searched for if it is needed. */
    final boolean isSearched;

    private long shortest;
    private long fewest;
    private Expression @Nullable [] derivatives;
    private @Nullable Expression clamped;

    Expression(ExpressionFactory all, boolean isRegular, boolean isSearched, int depth) {
        this.all = all;
        this.isRegular = isRegular;
        this.isSearched = isSearched;
        this.depth = depth;
        id = all.nextId();
        shortest = isRegular || all.isComplete() ? UNKNOWN : NO_END;
        fewest = shortest;
    }

    /** Computes what may follow a byte. */
    abstract Expression derive(int value);

    /** Computes the length of the shortest text from those of the parts, in bytes or in tokens. */
    abstract long measure(ToLongFunction<Expression> ofPart);

    long computeShortest() {
        return measure(Expression::shortest);
    }

    long computeFewest() {
        return measure(Expression::fewestTokens);
    }

    /** Computes whether the text may end here, without a search. */
    abstract boolean computeNullable();

    /** Returns what may follow a byte, from 0 to 255, or the symbol of a token. */
    public final Expression after(int value) {
        int group = all.groups().of(value);
        if (derivatives == null) {
            derivatives = new Expression[all.groups().count()];
            all.weight().add(derivatives.length);
        }
        Expression known = derivatives[group];
        if (known == null) {
            known = derive(value);
            derivatives[group] = known;
        }
        return known;
    }

    /** Returns the fewest tokens of one byte that end the text; {@link #NO_END} if they cannot. */
    public final long shortest() {
        if (shortest == UNKNOWN) {
            shortest = computeShortest();
        }
        return shortest;
    }

    /**
     * Returns a number of tokens that end the text, not larger than {@link #shortest}; {@link #NO_END} if they cannot. There is a token
     * after which one less is enough.
     */
    public final long fewestTokens() {
        if (fewest == UNKNOWN) {
            fewest = computeFewest();
        }
        return fewest;
    }

    final boolean isShortestKnown() {
        return shortest != UNKNOWN;
    }

    final void setShortest(long length) {
        shortest = length;
    }

    /**
     * Computes the length of the shortest text again, while those of rules are not known yet.
     *
     * @return whether it is another one
     */
    final boolean updateShortest() {
        long before = shortest;
        long fewestBefore = fewest;
        shortest = computeShortest();
        fewest = computeFewest();
        return before != shortest || fewestBefore != fewest;
    }

    /** Returns whether the text may end here. */
    public final boolean isNullable() {
        return isSearched ? computeNullable() : shortest() == 0;
    }

    /**
     * Returns the expression with counts that are no larger than what so many bytes can tell apart. The same tokens of at most so
     * many bytes fit, and change {@link #shortest} and {@link #fewestTokens} by the same numbers or less.
     */
    final Expression clamped(int bytes) {
        if (clamped == null) {
            clamped = computeClamped(bytes);
        }
        return clamped;
    }

    final boolean isClamped() {
        return clamped != null;
    }

    Expression computeClamped(int bytes) {
        return this;
    }

    /** The first part of a sequence, and of its first part; else the expression itself. */
    Expression head() {
        return this;
    }

    /** What follows on {@link #head}. */
    Expression tail() {
        return all.empty();
    }

    static int depth(Collection<Expression> parts) {
        int most = 0;
        for (Expression part : parts) {
            most = Math.max(most, part.depth);
        }
        return most;
    }

    static long sum(long a, long b) {
        return Math.min(NO_END, a + b);
    }
}
