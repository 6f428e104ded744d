package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** A page to try the adapters in a browser, and to train some. It reads nothing from other servers, and asks this one as any client does. */
final class ServedPage {
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    private record Part(String type, byte[] content) {}

    private static final String FOLDER = "/page/";

    /** One idea each; the first one loads the others. */
    private static final List<String> SCRIPTS = List.of(
            "page.js",
            "dom.js",
            "server.js",
            "tasks.js",
            "try.js",
            "train.js",
            "rows.js",
            "check.js",
            "jobs.js",
            "job.js",
            "chart.js");

    private final Map<String, Part> parts = new HashMap<>();

    /**
     * Creates the page.
     *
     * @param paths what the server answers; the page has the form for it
     * @param needsKey whether the page asks for a key
     * @param trains whether the page has a part for trainings
     */
    ServedPage(Set<String> paths, boolean needsKey, boolean trains) {
        String html = new String(resource("page.html"), StandardCharsets.UTF_8)
                .replace("{paths}", String.join(" ", new TreeSet<>(paths)))
                .replace("{keys}", String.valueOf(needsKey))
                .replace("{trains}", String.valueOf(trains));
        parts.put("/", new Part("text/html; charset=utf-8", html.getBytes(StandardCharsets.UTF_8)));
        parts.put(FOLDER + "page.css", new Part("text/css; charset=utf-8", resource("page.css")));
        for (String script : SCRIPTS) {
            parts.put(FOLDER + script, new Part("text/javascript; charset=utf-8", resource(script)));
        }
    }

    private static byte[] resource(String name) {
        try (InputStream stream = Objects.requireNonNull(ServedPage.class.getResourceAsStream("page/" + name), name)) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void addTo(Router router) {
        parts.forEach((path, part) -> router.addOpen("GET", path, (Action.AtOnce) call -> answer(part, call.answer())));
    }

    private static void answer(Part part, Answer answer) {
        answer.header("Content-Security-Policy", POLICY);
        answer.header("X-Content-Type-Options", "nosniff");
        answer.header("Referrer-Policy", "no-referrer");
        answer.header("Cache-Control", "no-cache");
        answer.send(200, part.type, part.content);
    }
}
