package org.lora4j.example.mnist.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A resource in which each <code>{{name}}</code> stands for a value. Values are inserted as they are. */
final class Template {

    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

    private final String content;

    private Template(String content) {
        this.content = content;
    }

    static Template resource(String name) {
        try (InputStream in = Template.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + name + " is missing beside " + Template.class);
            }
            return new Template(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fills every place; one without a value is an error. */
    String fill(Map<String, String> values) {
        return PLACE.matcher(content).replaceAll(place -> {
            String value = values.get(place.group(1));
            if (value == null) {
                throw new IllegalArgumentException("there is no value for {{" + place.group(1) + "}}");
            }
            return Matcher.quoteReplacement(value);
        });
    }
}
