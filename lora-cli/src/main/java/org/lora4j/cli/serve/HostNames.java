package org.lora4j.cli.serve;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/**
 * Which names of this server a request may give. A page in a browser can let a name of its own point to this machine, and then reach a
 * server that listens for programs of this machine only (DNS rebinding). The browser sends the name of the page.
 */
final class HostNames {
    private static final Pattern LOOPBACK = Pattern.compile(
            "localhost\\.?|[a-z0-9.-]+\\.localhost\\.?|127(\\.[0-9]{1,3}){3}|\\[(::1|0:0:0:0:0:0:0:1)]");

    private static final Pattern PORT = Pattern.compile(":[0-9]*$");

    private final boolean isLoopback;
    private final Set<String> more;

    /**
     * Creates the rule.
     *
     * @param address where the server listens
     * @param more other names that it has, for a proxy before it
     */
    HostNames(InetAddress address, Set<String> more) {
        isLoopback = address.isLoopbackAddress();
        this.more = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        this.more.addAll(more);
    }

    /**
     * Checks the field {@code Host} of a request.
     *
     * @param host the field; null for a request of HTTP/1.0 without it, which no browser sends
     * @throws ApiException if it is the name of another server
     */
    void require(@Nullable String host) {
        if (host == null || !(isLoopback || !more.isEmpty())) {
            return;
        }
        String name = PORT.matcher(host).replaceFirst("");
        if (!LOOPBACK.matcher(name.toLowerCase(Locale.ROOT)).matches() && !more.contains(name)) {
            throw ApiException.of(
                    421,
                    "wrong_host",
                    "Host must be a name of this server, such as localhost, found " + MessageText.quote(name)
                            + "; if a proxy sends it, the server needs the option --accept-host");
        }
    }
}
