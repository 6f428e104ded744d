package org.lora4j.example.mnist.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The parts of an HTML page. Arguments that are called text are escaped here. */
final class Html {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(\\w+)}}");

    private Html() {}

    /**
     * Fills a template, in which <code>{{name}}</code> is the place of a value.
     *
     * @param resource the name of the template, a resource of this package
     * @param values HTML by name
     * @throws IllegalArgumentException if a placeholder has no value
     */
    static String fillTemplate(String resource, Map<String, String> values) {
        return PLACEHOLDER.matcher(read(resource)).replaceAll(placeholder -> {
            String value = values.get(placeholder.group(1));
            if (value == null) {
                throw new IllegalArgumentException("there is no value for {{" + placeholder.group(1) + "}}");
            }
            return Matcher.quoteReplacement(value);
        });
    }

    private static String read(String resource) {
        try (InputStream in = Html.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(
                        resource + ": must be a resource beside " + Html.class.getName() + ", found none");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    static String paragraphs(List<String> texts) {
        return texts.stream().map(text -> "<p>" + escape(text) + "</p>").collect(Collectors.joining("\n"));
    }

    static String list(List<String> texts) {
        return texts.stream()
                .map(text -> "<li>" + escape(text) + "</li>")
                .collect(Collectors.joining("\n", "<ul class=\"findings\">\n", "\n</ul>"));
    }

    /** Returns a figure that contains its picture, so that the page needs no other file. */
    static String figure(Picture picture, String captionText) {
        return "<figure><div class=\"picture\"><img width=\"%d\" alt=\"%s\" src=\"data:image/png;base64,%s\"></div>%s</figure>\n"
                .formatted(
                        picture.width(),
                        escape(picture.description()),
                        Base64.getEncoder().encodeToString(picture.png()),
                        captionText.isEmpty() ? "" : "<figcaption>" + escape(captionText) + "</figcaption>");
    }

    /** Returns a number in large type with its meaning below. */
    static String tile(String numberText, String meaningText) {
        return "<div class=\"tile\"><strong>" + escape(numberText) + "</strong><span>" + escape(meaningText)
                + "</span></div>";
    }

    /** Returns a list item with a tick or a cross. */
    static String check(boolean holds, String text) {
        return "<li class=\"%s\"><span class=\"mark\">%s</span> %s<span class=\"hidden\">: %s</span></li>"
                .formatted(holds ? "yes" : "no", holds ? "✓" : "✗", escape(text), holds ? "yes" : "no");
    }
}
