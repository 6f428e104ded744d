package org.lora4j.cli.serve;

import java.util.List;

/** The header of an answer that names the keywords and formats of its schemas that have no effect, because no draft knows them. */
final class AnnotationsHeader {
    static final String NAME = "x-lora-annotations";

    /** Servers and proxies before this one take headers of 4 to 8 kB together. */
    private static final int MOST_CHARACTERS = 2000;

    private AnnotationsHeader() {}

    /** Sets it, before the answer is sent; nothing if there are no such names. */
    static void set(Answer answer, List<String> annotations) {
        if (!annotations.isEmpty()) {
            answer.header(NAME, value(annotations));
        }
    }

    /** Writes the names with commas between them, each as in an address. Those that have no room are counted at the end: {@code +3}. */
    static String value(List<String> annotations) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < annotations.size(); i++) {
            String name = AdapterHeaders.encode(annotations.get(i)).replace(",", "%2C");
            String comma = i == 0 ? "" : ",";
            if (text.length() + comma.length() + name.length() > MOST_CHARACTERS) {
                return text + comma + "+" + (annotations.size() - i);
            }
            text.append(comma).append(name);
        }
        return text.toString();
    }
}
