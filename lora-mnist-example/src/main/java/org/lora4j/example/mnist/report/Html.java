package org.lora4j.example.mnist.report;

import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/** The few pieces of HTML that the page is made of. Whatever is called text is escaped here. */
final class Html {

    private Html() {}

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

    /** A figure that carries its picture, so that the page needs no other file. */
    static String figure(Picture picture, String captionText) {
        return "<figure><div class=\"picture\"><img width=\"%d\" alt=\"%s\" src=\"data:image/png;base64,%s\"></div>%s</figure>\n"
                .formatted(
                        picture.width(),
                        escape(picture.description()),
                        Base64.getEncoder().encodeToString(picture.png()),
                        captionText.isEmpty() ? "" : "<figcaption>" + escape(captionText) + "</figcaption>");
    }

    /** A number to be seen first, and what it is. */
    static String tile(String numberText, String meaningText) {
        return "<div class=\"tile\"><strong>" + escape(numberText) + "</strong><span>" + escape(meaningText)
                + "</span></div>";
    }

    /** A tick or a cross and what it stands for. */
    static String check(boolean holds, String text) {
        return "<li class=\"%s\"><span class=\"mark\">%s</span> %s<span class=\"hidden\">: %s</span></li>"
                .formatted(holds ? "yes" : "no", holds ? "✓" : "✗", escape(text), holds ? "yes" : "no");
    }
}
