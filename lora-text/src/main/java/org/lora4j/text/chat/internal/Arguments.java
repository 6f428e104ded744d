package org.lora4j.text.chat.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is between the brackets of a call.
 *
 * @param values the arguments without a name
 * @param names those with a name
 * @param list more arguments, after a star
 * @param map more arguments with a name, after two stars
 */
record Arguments(
        List<Expression> values,
        Map<String, Expression> names,
        @Nullable Expression list,
        @Nullable Expression map) {
    static final Arguments NONE = new Arguments(List.of(), Map.of(), null, null);

    Passed passed(Scope scope) {
        List<@Nullable Object> all = new ArrayList<>();
        values.forEach(value -> all.add(value.value(scope)));
        if (list != null) {
            all.addAll(Values.list(list.value(scope), scope.budget));
        }
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        names.forEach((name, value) -> named.put(name, value.value(scope)));
        if (map != null) {
            addAll(named, map.value(scope));
        }
        return new Passed(all, named);
    }

    private static void addAll(Map<String, @Nullable Object> named, @Nullable Object value) {
        if (!(value instanceof Dict dict)) {
            throw Values.wrong("a map after **", value);
        }
        for (Dict.Entry entry : dict.entries()) {
            if (!(entry.key() instanceof String name) || named.containsKey(name)) {
                throw new JinjaException("the keys of a map after ** must be texts that are not named before");
            }
            named.put(name, entry.value());
        }
    }
}
