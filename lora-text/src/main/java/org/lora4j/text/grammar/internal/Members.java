package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The properties of an object in any order, behind some of them. There are as many as there are sets of names, so what may follow is only
 * created when it is needed.
 */
final class Members extends Expression {
    private final MemberProperties properties;
    private final BitSet used;
    private final int count;

    Members(ExpressionFactory all, MemberProperties properties, BitSet used, int count) {
        super(all, false, false, 1 + Math.max(depth(properties.named()), properties.other().depth));
        this.properties = properties;
        this.used = used;
        this.count = count;
    }

    private Expression behind(Expression pair) {
        return count == 0 ? pair : all.concat(properties.comma(), pair);
    }

    @Override
    Expression derive(int value) {
        boolean isFull = properties.max() < Repeat.UNBOUNDED && count == properties.max();
        List<Expression> options = new ArrayList<>();
        int next = Math.min(count + 1, properties.counted());
        for (int i = used.nextClearBit(0); i < properties.named().size() && !isFull; i = used.nextClearBit(i + 1)) {
            Expression after = behind(properties.named().get(i)).after(value);
            if (after != all.never()) {
                BitSet more = (BitSet) used.clone();
                more.set(i);
                options.add(all.concat(after, all.members(properties, more, next)));
            }
        }
        Expression after = isFull ? all.never() : behind(properties.other()).after(value);
        options.add(after == all.never() ? after : all.concat(after, all.members(properties, used, next)));
        return all.or(options);
    }

    /** Those that must be there, and the shortest of the others if they are too few. */
    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        all.effort().spend(properties.named().size());
        long[] others = new long[properties.named().size()];
        int optional = 0;
        int needed = 0;
        long sum = 0;
        for (int i = used.nextClearBit(0); i < others.length; i = used.nextClearBit(i + 1)) {
            long one = ofPart.applyAsLong(properties.named().get(i));
            if (properties.required().get(i)) {
                sum = sum(sum, one);
                needed++;
            } else {
                others[optional] = one;
                optional++;
            }
        }
        Arrays.sort(others, 0, optional);
        long any = ofPart.applyAsLong(properties.other());
        for (int i = 0; count + needed < properties.min(); i++) {
            sum = sum(sum, i < optional ? Math.min(any, others[i]) : any);
            needed++;
        }
        if (needed > 0 && properties.max() < Repeat.UNBOUNDED && needed > properties.max() - count) {
            return NO_END;
        }
        long commas = count == 0 ? needed - 1L : needed;
        return needed == 0 ? 0 : sum(sum, commas * ofPart.applyAsLong(properties.comma()));
    }

    @Override
    boolean computeNullable() {
        return shortest() == 0;
    }
}
