package org.lora4j.cli.serve;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;

/** The headers of an answer that say which adapter computed it. An answer of the model alone has none. */
final class AdapterHeaders {
    static final String NAME = "x-lora-adapter";
    static final String FINGERPRINT = "x-lora-fingerprint";

    private AdapterHeaders() {}

    /** Sets both, before the answer is sent; none if the model alone answered. */
    static void set(Answer answer, @Nullable UsedAdapter adapter) {
        if (adapter == null) {
            return;
        }
        answer.header(NAME, encode(adapter.name()));
        answer.header(FINGERPRINT, adapter.fingerprint());
    }

    /**
     * Writes a name as RFC 3986 writes a part of a path: a header can hold neither the end of a line nor a letter outside of ASCII, and
     * a client decodes it as it decodes an address.
     */
    static String encode(String name) {
        StringBuilder text = new StringBuilder();
        for (byte one : name.getBytes(StandardCharsets.UTF_8)) {
            if (one > ' ' && one < 0x7f && one != '%') {
                text.append((char) one);
            } else {
                text.append(String.format(Locale.ROOT, "%%%02X", one & 0xff));
            }
        }
        return text.toString();
    }
}
