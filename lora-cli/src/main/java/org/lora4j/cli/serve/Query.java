package org.lora4j.cli.serve;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** What stands behind the path of a request. */
final class Query {
    private static final int LONGEST = 1_000;

    private final Fields fields;

    private Query(Fields fields) {
        this.fields = fields;
    }

    /**
     * Reads the query of a request.
     *
     * @throws ApiException if it cannot be read
     */
    static Query of(Request request) {
        try {
            return new Query(Request.extractQueryParameters(request));
        } catch (RuntimeException e) {
            // Jetty has types of its own for bytes that are not UTF-8, and for escapes that are none.
            throw ApiException.of(400, "invalid_query", "the query of the address must be UTF-8 with %, found another");
        }
    }

    /**
     * Checks that all of it is known.
     *
     * @param names what may be there; one that ends with [ stands for all that begin with it
     * @throws ApiException if there is something else, which would change the answer
     */
    Query require(Set<String> names) {
        for (Fields.Field field : fields) {
            String name = field.getName();
            int bracket = name.indexOf('[');
            if (!names.contains(name) && !(bracket > 0 && names.contains(name.substring(0, bracket + 1)))) {
                throw ApiException.unsupported(
                        MessageText.shorten(name),
                        "the query may have " + new TreeSet<>(names) + ", found " + MessageText.quote(name));
            }
            if (field.getValues().size() > 1) {
                throw ApiException.field(name, "there once", field.getValues().size() + " values");
            }
        }
        return this;
    }

    /** Returns a value; null if it is absent or empty. */
    @Nullable
    String text(String name) {
        String value = fields.getValue(name);
        if (value != null && value.length() > LONGEST) {
            throw ApiException.field(name, "a text of at most " + LONGEST + " characters", "a longer one");
        }
        return value == null || value.isEmpty() ? null : value;
    }

    /** Returns a whole number between two bounds. */
    int whole(String name, int otherwise, int min, int max) {
        String value = text(name);
        if (value == null) {
            return otherwise;
        }
        int number = value.matches("[0-9]{1,9}") ? Integer.parseInt(value) : -1;
        if (number < min || number > max) {
            throw ApiException.field(name, "a whole number from " + min + " to " + max, MessageText.quote(value));
        }
        return number;
    }

    /** Returns one of some words. */
    String word(String name, String otherwise, Set<String> words) {
        String value = text(name);
        if (value != null && !words.contains(value)) {
            throw ApiException.field(name, "one of " + new TreeSet<>(words), MessageText.quote(value));
        }
        return value == null ? otherwise : value;
    }

    /** Returns the values of names such as {@code metadata[team]}, by what is in the brackets. */
    Map<String, String> below(String name) {
        Map<String, String> values = new TreeMap<>();
        for (Fields.Field field : fields) {
            String one = field.getName();
            if (one.startsWith(name + "[") && one.endsWith("]")) {
                values.put(one.substring(name.length() + 1, one.length() - 1), field.getValue());
            }
        }
        return values;
    }
}
