package org.lora4j.bench;

import java.util.HashMap;
import java.util.Map;

/** Arguments of the form {@code key=value} of a program. */
final class Arguments {
    private final Map<String, String> given = new HashMap<>();

    Arguments(String... args) {
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("each argument must be key=value, found " + arg);
            }
            given.put(arg.substring(0, equals), arg.substring(equals + 1));
        }
    }

    /** Returns the number of a key, or another one if it was not given. */
    int take(String key, int other) {
        String value = given.remove(key);
        return value == null ? other : Integer.parseInt(value);
    }

    /** Returns the text of a key, or another one if it was not given. */
    String take(String key, String other) {
        String value = given.remove(key);
        return value == null ? other : value;
    }

    void requireNoMore() {
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("arguments must be known to the program, found " + given.keySet());
        }
    }
}
