package org.lora4j.cli.serve;

import java.net.URI;
import java.util.Set;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/**
 * Which pages in a browser may change something. A browser asks before it sends JSON for a page of another server, but it sends forms and
 * requests without a body at once, and says whose page it is.
 */
final class OwnPages {
    private final Set<String> origins;

    /**
     * Creates the rule.
     *
     * @param origins the pages of other servers that may; or *
     */
    OwnPages(Set<String> origins) {
        this.origins = origins;
    }

    /**
     * Checks whose page sends a request, if it is a page.
     *
     * @throws ApiException if it is that of another server
     */
    void require(HttpFields headers) {
        String origin = headers.get(HttpHeader.ORIGIN);
        boolean isAllowed = origin == null
                || origins.contains("*")
                || origins.contains(origin)
                || isOf(origin, headers.get(HttpHeader.HOST));
        if (!isAllowed) {
            throw ApiException.of(
                    403,
                    "wrong_origin",
                    "Origin must be this server, or one of --allow-origin, found " + MessageText.quote(origin));
        }
    }

    private static boolean isOf(String origin, @Nullable String host) {
        try {
            return host != null && host.equalsIgnoreCase(URI.create(origin).getAuthority());
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
