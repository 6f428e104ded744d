package org.lora4j.cli.serve;

import java.util.Map;

/**
 * A request with its answer, and what it uses.
 *
 * @param path what stands in its path for the names of its route
 * @param query what stands behind the path
 */
record Call(OpenRequest open, Answer answer, RequestUse use, Map<String, String> path, Query query) {
    Call {
        path = Map.copyOf(path);
    }

    Client client() {
        return use.client();
    }

    /** What stands in the path for a name of its route. */
    String path(String name) {
        String value = path.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the route must have {" + name + "}, found another one");
        }
        return value;
    }
}
