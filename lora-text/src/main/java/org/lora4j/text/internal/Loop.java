package org.lora4j.text.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A {@code for} loop, with Jinja's {@code loop}. */
record Loop(List<String> names, Expression list, Expression test, Statement body, Statement empty)
        implements Statement {
    @Override
    public Flow run(Scope scope) {
        List<@Nullable Object> elements = new ArrayList<>();
        for (Object element : Values.list(list.value(scope), scope.budget)) {
            Scope inner = scope.inner();
            assign(names, element, inner);
            if (Values.isTrue(test.value(inner))) {
                elements.add(element);
            }
        }
        if (elements.isEmpty()) {
            return empty.run(scope);
        }
        for (int i = 0; i < elements.size(); i++) {
            scope.budget.step();
            Scope inner = scope.inner();
            inner.set("loop", loop(elements, i));
            assign(names, elements.get(i), inner);
            if (body.run(inner) == Flow.BREAK) {
                break;
            }
        }
        return Flow.NEXT;
    }

    private static Map<Object, @Nullable Object> loop(List<@Nullable Object> elements, int i) {
        Map<Object, @Nullable Object> loop = new LinkedHashMap<>();
        loop.put("index", i + 1L);
        loop.put("index0", (long) i);
        loop.put("first", i == 0);
        loop.put("last", i == elements.size() - 1);
        loop.put("length", (long) elements.size());
        loop.put("revindex", (long) elements.size() - i);
        loop.put("revindex0", elements.size() - i - 1L);
        loop.put("previtem", i == 0 ? Undefined.UNDEFINED : elements.get(i - 1));
        loop.put("nextitem", i == elements.size() - 1 ? Undefined.UNDEFINED : elements.get(i + 1));
        return loop;
    }

    /** Sets a name, or several to the elements of a list. */
    static void assign(List<String> names, @Nullable Object value, Scope scope) {
        if (names.size() == 1) {
            scope.set(names.get(0), value);
            return;
        }
        List<@Nullable Object> values = Values.list(value, scope.budget);
        if (values.size() != names.size()) {
            throw new JinjaException("there must be a value for each of " + names + ", found " + values.size());
        }
        for (int i = 0; i < names.size(); i++) {
            scope.set(names.get(i), values.get(i));
        }
    }
}
