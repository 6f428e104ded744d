package org.lora4j.text.chat.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A macro where it was defined: a call writes its body into a text. */
final class Macro implements Callable {
    /**
     * A parameter.
     *
     * @param name its name
     * @param byDefault its default; null if it has none
     */
    record Parameter(String name, @Nullable Expression byDefault) {}

    /**
     * What a template defines.
     *
     * @param name the name
     * @param parameters the parameters
     * @param body the body
     * @param special which of {@code varargs}, {@code kwargs} and {@code caller} the body names
     * @param depth how deep the body is nested
     */
    record Definition(String name, List<Parameter> parameters, Statement body, Set<String> special, int depth) {}

    private final Definition definition;
    private final Scope scope;

    Macro(Definition definition, Scope scope) {
        this.definition = definition;
        this.scope = scope;
    }

    @Override
    public String call(Passed passed, Budget budget) {
        budget.elements(2);
        budget.enter(definition.depth);
        Scope inner = scope.captured();
        bind(passed, inner);
        definition.body.run(inner);
        budget.leave(definition.depth);
        return inner.out.toString();
    }

    private void bind(Passed passed, Scope inner) {
        List<Parameter> parameters = definition.parameters;
        Map<String, @Nullable Object> named = new HashMap<>(passed.named());
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            if (i < passed.values().size()) {
                inner.set(parameter.name, passed.values().get(i));
            } else if (named.containsKey(parameter.name)) {
                inner.set(parameter.name, named.remove(parameter.name));
            } else {
                Expression byDefault = parameter.byDefault;
                inner.set(parameter.name, byDefault == null ? Undefined.name(parameter.name) : byDefault.value(inner));
            }
        }
        bindSpecial(passed, named, inner);
    }

    private void bindSpecial(Passed passed, Map<String, @Nullable Object> named, Scope inner) {
        int most = definition.parameters.size();
        if (definition.special.contains("caller")
                && definition.parameters.stream().noneMatch(p -> p.name.equals("caller"))) {
            Object caller = named.remove("caller");
            inner.set("caller", caller == null ? Undefined.name("caller") : caller);
        }
        if (definition.special.contains("kwargs")) {
            Dict map = new Dict();
            named.forEach((key, value) -> map.put(key, value, scope.budget));
            inner.set("kwargs", map);
        } else {
            new Passed(List.of(), named).requireNoNames(definition.name);
        }
        if (definition.special.contains("varargs")) {
            int size = passed.values().size();
            inner.set("varargs", Sequence.tuple(passed.values().subList(Math.min(size, most), size)));
        } else if (passed.values().size() > most) {
            throw new JinjaException("the macro " + definition.name + " must have at most " + most
                    + " arguments, found " + passed.values().size());
        }
    }
}
