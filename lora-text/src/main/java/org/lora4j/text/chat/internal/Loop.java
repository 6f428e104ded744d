package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A {@code for} loop.
 *
 * @param target what an element is set to
 * @param list the elements
 * @param test which of them are taken; null for all
 * @param body what is done with each
 * @param otherwise what is done if no turn was completed; null for nothing
 */
record Loop(
        Target target,
        Expression list,
        @Nullable Expression test,
        Statement body,
        @Nullable Statement otherwise) implements Statement {
    @Override
    public Flow run(Scope scope) {
        Object value = list.value(scope);
        Iterator<@Nullable Object> elements = Values.iterator(value, scope.budget);
        boolean isKnown = test == null && !(value instanceof Generator);
        LoopState loop = new LoopState(
                test == null ? elements : chosen(elements, test, scope),
                isKnown ? Values.length(value, scope.budget) : -1,
                scope.budget,
                (one, other) -> Order.equal(one, other, scope.budget));
        // As Jinja has it: a turn that ends with break or continue does not count.
        boolean completed = false;
        while (loop.next()) {
            Scope inner = scope.inner();
            inner.set("loop", loop);
            target.set(loop.current(), inner);
            Flow flow = body.run(inner);
            completed |= flow == Flow.NEXT;
            if (flow == Flow.BREAK) {
                break;
            }
        }
        return completed || otherwise == null ? Flow.NEXT : otherwise.run(scope.inner());
    }

    private Iterator<@Nullable Object> chosen(Iterator<@Nullable Object> all, Expression test, Scope scope) {
        return new Iterator<>() {
            private final List<@Nullable Object> next = new ArrayList<>(1);

            @Override
            public boolean hasNext() {
                while (next.isEmpty() && all.hasNext()) {
                    scope.budget.operation();
                    Object element = all.next();
                    Scope inner = scope.inner();
                    target.set(element, inner);
                    if (Values.isTrue(test.value(inner))) {
                        next.add(target.rebuilt(element, scope.budget));
                    }
                }
                return !next.isEmpty();
            }

            @Override
            public @Nullable Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return next.remove(0);
            }
        };
    }
}
