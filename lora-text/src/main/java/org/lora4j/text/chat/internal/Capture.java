package org.lora4j.text.chat.internal;

import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A block whose text goes through filters.
 *
 * @param body the block
 * @param filters the filters
 * @param then what is done with their value
 */
record Capture(Statement body, List<Expression.Step> filters, BiConsumer<@Nullable Object, Scope> then)
        implements Statement {
    @Override
    public Flow run(Scope scope) {
        Scope captured = scope.captured();
        Flow flow = body.run(captured);
        if (flow != Flow.NEXT) {
            return flow;
        }
        Object value = captured.out.toString();
        for (Expression.Step filter : filters) {
            value = filter.apply(value, scope);
        }
        then.accept(value, scope);
        return Flow.NEXT;
    }
}
