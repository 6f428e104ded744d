package org.lora4j.cli.serve;

import java.util.HashMap;
import java.util.Map;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MimeTypes;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** What a body may be, as its header says. */
final class ContentTypes {
    private static final String FORM = "multipart/form-data";
    private static final int LONGEST_BOUNDARY = 70;

    private ContentTypes() {}

    /**
     * Checks that a body is JSON. A page in a browser can send other types to a server on the same machine without asking.
     *
     * @throws ApiException if it is not
     */
    static void requireJson(HttpFields headers) {
        String type = headers.get(HttpHeader.CONTENT_TYPE);
        String base = type == null ? "" : MimeTypes.getContentTypeWithoutCharset(type);
        String charset = type == null ? null : MimeTypes.getCharsetFromContentType(type);
        if (!base.equalsIgnoreCase(Answer.JSON) || (charset != null && !charset.equalsIgnoreCase("utf-8"))) {
            throw wrong(Answer.JSON, type);
        }
    }

    /**
     * Returns what is between the parts of a form.
     *
     * @throws ApiException if the body is no form
     */
    static String requireBoundary(HttpFields headers) {
        String type = headers.get(HttpHeader.CONTENT_TYPE);
        Map<String, String> parameters = new HashMap<>();
        if (type == null || !HttpField.getValueParameters(type, parameters).equalsIgnoreCase(FORM)) {
            throw wrong(FORM, type);
        }
        String boundary = parameters.get("boundary");
        if (boundary == null || boundary.isEmpty() || boundary.length() > LONGEST_BOUNDARY) {
            throw ApiException.of(
                    400,
                    "broken_form",
                    "Content-Type must have a boundary of 1 to " + LONGEST_BOUNDARY + " characters, found "
                            + MessageText.quote(type));
        }
        return boundary;
    }

    private static ApiException wrong(String rule, @Nullable String found) {
        return ApiException.of(
                415,
                "unsupported_media_type",
                "Content-Type must be " + rule + ", found " + (found == null ? "none" : MessageText.quote(found)));
    }
}
