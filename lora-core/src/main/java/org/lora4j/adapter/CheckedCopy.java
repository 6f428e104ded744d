package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Copies of lists and maps of settings, which cannot change and hold no null. */
final class CheckedCopy {
    private CheckedCopy() {}

    /** Copies a list. */
    static <T> List<T> of(String what, List<T> list) {
        for (int i = 0; i < list.size(); i++) {
            requireElement(what, list.get(i), "index " + i);
        }
        return Collections.unmodifiableList(new ArrayList<>(list));
    }

    /** Copies a map in its order. */
    static <T> Map<String, T> of(String what, Map<String, T> map) {
        map.forEach((key, value) -> {
            requireElement("the keys of " + what, key, "a key");
            requireElement(what, value, "'" + key + "'");
        });
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    private static void requireElement(String what, Object element, String where) {
        Objects.requireNonNull(element, () -> what + " must not hold null, found null at " + where);
    }
}
