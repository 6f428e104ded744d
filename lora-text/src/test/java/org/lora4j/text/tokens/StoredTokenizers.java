package org.lora4j.text.tokens;

import java.util.LinkedHashMap;
import java.util.Map;

/** The forms of a {@code tokenizer.json} that differ only in where the program that stored it cut and padded texts. */
public final class StoredTokenizers {
    private static final String NEITHER = "\"truncation\":null,\"padding\":null";
    private static final String TRUNCATION = """
            "truncation":{"direction":"Right","max_length":6,"strategy":"LongestFirst","stride":0}""";
    private static final String LEFT = TRUNCATION.replace("Right", "Left").replace("\"stride\":0", "\"stride\":2");
    private static final String PADDING = """
            "padding":{"strategy":{"Fixed":6},"direction":"Right","pad_to_multiple_of":8,"pad_id":0,"pad_type_id":0,
             "pad_token":"[PAD]"}""";

    private StoredTokenizers() {}

    /** The forms of a file that neither cuts nor pads. */
    public static Map<String, String> of(String file) {
        if (!file.contains(NEITHER)) {
            throw new IllegalArgumentException("the file must neither cut nor pad");
        }
        Map<String, String> forms = new LinkedHashMap<>();
        forms.put("none", file);
        forms.put("truncation", file.replace(NEITHER, TRUNCATION + ",\"padding\":null"));
        forms.put("truncation at the left", file.replace(NEITHER, LEFT + ",\"padding\":null"));
        forms.put("padding", file.replace(NEITHER, "\"truncation\":null," + PADDING));
        forms.put("both", file.replace(NEITHER, TRUNCATION + "," + PADDING));
        return forms;
    }
}
