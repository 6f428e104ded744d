package org.lora4j.text.grammar.internal;

import java.util.BitSet;
import java.util.List;

/**
 * What expressions need of those that create them: others, each once, and a count of what they cost. It knows no kind of expression,
 * so that each kind depends on this class and none on the others' creation. Not thread-safe.
 */
abstract class ExpressionFactory {
    private final Effort effort = new Effort();
    private final ExpressionWeight weight = new ExpressionWeight();
    private final ByteGroups groups;
    private int nextId;

    ExpressionFactory(ByteGroups groups) {
        this.groups = groups;
    }

    /** What is computed for them. */
    final Effort effort() {
        return effort;
    }

    /** How much memory they take. */
    final ExpressionWeight weight() {
        return weight;
    }

    /** The bytes that they tell apart. */
    final ByteGroups groups() {
        return groups;
    }

    final int nextId() {
        return nextId++;
    }

    /** Whether all rules are defined, so that derivatives may be computed. */
    abstract boolean isComplete();

    /** The expression without texts. */
    abstract Expression never();

    /** The empty text alone. */
    abstract Expression empty();

    abstract Expression concat(Expression first, Expression rest);

    abstract Expression or(List<Expression> options);

    /** The parts must have no references. */
    abstract Expression and(List<Expression> parts);

    abstract Expression not(Expression part);

    abstract Expression repeat(Expression part, int min, int max);

    /** The digits that make a number a multiple of a divisor, after digits with a known remainder. */
    abstract Expression remainder(int divisor, int left, int remainder, boolean isFraction);

    /** Properties in any order, behind those that were used. */
    abstract Expression members(MemberProperties properties, BitSet used, int count);

    /** The node of the tokens' tree behind another one with a byte more; 0 if there is none. */
    abstract int tokenNode(int from, byte value);

    /** Whether tokens end at a node. */
    abstract boolean isToken(int node);
}
