package org.lora4j.example.support.report;

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
public final class Html {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(\\w+)}}");

    private Html() {}

    /**
     * Returns a page: the head and the style sheet that all pages have, and a content.
     *
     * @param titleText the title of the window
     * @param exampleText the name of the example, such as {@code text example}
     * @param content the content, HTML
     * @return the page
     */
    public static String page(String titleText, String exampleText, String content) {
        return fillTemplate(
                Html.class,
                "page.html",
                Map.of(
                        "title",
                        escape(titleText),
                        "example",
                        escape(exampleText),
                        "style",
                        read(Html.class, "page.css").strip(),
                        "content",
                        content.strip()));
    }

    /**
     * Fills a template, in which <code>{{name}}</code> is the place of a value.
     *
     * @param beside the class beside which the template is
     * @param resource the name of the template, a resource
     * @param values HTML by name
     * @return the filled template
     * @throws IllegalArgumentException if a placeholder has no value
     */
    public static String fillTemplate(Class<?> beside, String resource, Map<String, String> values) {
        return PLACEHOLDER.matcher(read(beside, resource)).replaceAll(placeholder -> {
            String name = placeholder.group(1);
            String value = values.get(name);
            if (value == null) {
                throw new IllegalArgumentException("there is no value for {{" + name + "}}");
            }
            return Matcher.quoteReplacement(value);
        });
    }

    private static String read(Class<?> beside, String resource) {
        try (InputStream in = beside.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(
                        resource + ": must be a resource beside " + beside.getName() + ", found none");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Escapes text.
     *
     * @param text any text
     * @return HTML
     */
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /**
     * Returns a paragraph for each text.
     *
     * @param texts the texts
     * @return HTML
     */
    public static String paragraphs(List<String> texts) {
        return texts.stream().map(text -> "<p>" + escape(text) + "</p>").collect(Collectors.joining("\n"));
    }

    /**
     * Returns a list of sentences.
     *
     * @param texts the sentences
     * @return HTML
     */
    public static String list(List<String> texts) {
        return texts.stream()
                .map(text -> "<li>" + escape(text) + "</li>")
                .collect(Collectors.joining("\n", "<ul class=\"findings\">\n", "\n</ul>"));
    }

    /**
     * Returns a figure that contains its picture, so that the page needs no other file. On a narrow screen the picture fills
     * the screen.
     *
     * @param picture the picture
     * @param captionText the text below it, or nothing
     * @return HTML
     */
    public static String figure(Picture picture, String captionText) {
        return "<figure><img width=\"%d\" alt=\"%s\" src=\"%s\">%s</figure>\n"
                .formatted(
                        picture.width(),
                        escape(picture.description()),
                        data(picture),
                        captionText.isEmpty() ? "" : "<figcaption>" + escape(captionText) + "</figcaption>");
    }

    private static String data(Picture picture) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(picture.png());
    }

    /**
     * Returns what a page says in place of its charts.
     *
     * @param charts the number of its charts
     * @return HTML; nothing if there are charts
     */
    public static String chartNote(int charts) {
        return charts == 0 ? "<p class=\"lead\">No charts: Java found no fonts on this machine.</p>" : "";
    }

    /**
     * Returns a sentence on green if what was checked holds, else on red.
     *
     * @param holds whether it holds
     * @param text the sentence
     * @return HTML
     */
    public static String verdict(boolean holds, String text) {
        return "<p class=\"verdict %s\">%s</p>".formatted(holds ? "yes" : "no", escape(text));
    }

    /**
     * Returns a number in large type with its meaning below.
     *
     * @param numberText the number
     * @param meaningText its meaning
     * @return HTML
     */
    public static String tile(String numberText, String meaningText) {
        return "<div class=\"tile\"><strong>" + escape(numberText) + "</strong><span>" + escape(meaningText)
                + "</span></div>";
    }

    /**
     * Returns a list item with a tick or a cross.
     *
     * @param holds whether what the text says holds
     * @param text the text
     * @return HTML
     */
    public static String check(boolean holds, String text) {
        return "<li class=\"%s\"><span class=\"mark\">%s</span> %s<span class=\"hidden\">: %s</span></li>"
                .formatted(holds ? "yes" : "no", holds ? "✓" : "✗", escape(text), holds ? "yes" : "no");
    }
}
