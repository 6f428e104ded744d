package org.lora4j.cli.serve;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.eclipse.jetty.util.URIUtil;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** Which paths and methods a server has. A part of a path in braces, such as {@code {id}}, stands for any text. */
final class Router {
    private final List<Route> routes = new ArrayList<>();
    private final Map<String, String> absent = new LinkedHashMap<>();

    /**
     * What is done for a path and a method.
     *
     * @param needsKey whether a client must say who it is
     */
    private record Route(String method, List<String> parts, boolean needsKey, Action action) {
        boolean has(List<String> path) {
            boolean fits = parts.size() == path.size();
            for (int i = 0; fits && i < parts.size(); i++) {
                fits = isName(parts.get(i))
                        ? !path.get(i).isEmpty()
                        : parts.get(i).equals(path.get(i));
            }
            return fits;
        }

        private static boolean isName(String part) {
            return part.startsWith("{");
        }

        Map<String, String> values(List<String> path) {
            Map<String, String> values = new HashMap<>();
            for (int i = 0; i < parts.size(); i++) {
                String part = parts.get(i);
                if (isName(part)) {
                    values.put(part.substring(1, part.length() - 1), URIUtil.decodePath(path.get(i)));
                }
            }
            return values;
        }
    }

    /**
     * What a request asks for.
     *
     * @param values what stands in its path for the names of the route
     */
    record Found(Action action, Map<String, String> values) {}

    private static List<String> parts(String path) {
        return List.of(path.split("/", -1));
    }

    /** Adds a route. */
    void add(String method, String pattern, Action action) {
        routes.add(new Route(method, parts(pattern), true, action));
    }

    /** Adds a route for which no key is needed. */
    void addOpen(String method, String pattern, Action action) {
        routes.add(new Route(method, parts(pattern), false, action));
    }

    /** Says why a path, and those below it, are not there, unless a route has them. */
    void absent(String path, String why) {
        absent.put(path, why);
    }

    private List<Route> of(String path) {
        List<String> parts = parts(path);
        return routes.stream().filter(route -> route.has(parts)).toList();
    }

    /** Whether the client of a path must say who it is, as for all that is not there. */
    boolean needsKey(String path) {
        List<Route> found = of(path);
        return found.isEmpty() || found.stream().anyMatch(Route::needsKey);
    }

    /**
     * Finds what a request asks for.
     *
     * @param headers takes the name and the value of a header of the answer
     * @throws ApiException if the path is not there, or has other methods, which a header then says
     */
    Found find(String method, String path, BiConsumer<String, String> headers) {
        List<Route> found = of(path);
        if (found.isEmpty()) {
            throw ApiException.of(404, "unknown_url", why(path));
        }
        Route route = method(found, method);
        if (route == null) {
            TreeSet<String> methods = new TreeSet<>();
            found.forEach(one -> methods.add(one.method));
            headers.accept("Allow", String.join(", ", methods));
            throw ApiException.of(
                    405,
                    "method_not_allowed",
                    "the method must be " + String.join(" or ", methods) + ", found " + MessageText.quote(method));
        }
        return new Found(route.action, route.values(parts(path)));
    }

    private static @Nullable Route method(List<Route> routes, String method) {
        return routes.stream()
                .filter(route -> route.method.equals(method))
                .findFirst()
                .orElse(null);
    }

    private String why(String path) {
        return absent.entrySet().stream()
                .filter(one -> path.equals(one.getKey()) || path.startsWith(one.getKey() + "/"))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseGet(() -> "there is no " + MessageText.quote(path));
    }
}
