package org.lora4j.io;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.lora4j.LoRAModel;

/** The names of adapters that are names of folders too, on every platform. */
final class AdapterNames {
    /** Without what some file system forbids or cuts off, at most 120 characters, and not hidden. */
    private static final Pattern ALLOWED = Pattern.compile("(?!\\.)[^\\p{Cntrl}\\p{Cs}/\\\\:*?\"<>|]{1,120}(?<![. ])");

    private static final Pattern DEVICE =
            Pattern.compile("(con|prn|aux|nul|com\\d|lpt\\d)(\\..*)?", Pattern.CASE_INSENSITIVE);

    private AdapterNames() {}

    /**
     * Checks names.
     *
     * @param names the names
     * @throws IllegalArgumentException if any is refused; the message lists all
     */
    static void require(Collection<String> names) {
        List<String> refused = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            boolean isFolder = ALLOWED.matcher(name).matches()
                    && !name.isBlank()
                    && !DEVICE.matcher(name).matches();
            if (!isFolder || name.equals(LoRAModel.BASE) || !seen.add(name.toLowerCase(Locale.ROOT))) {
                refused.add(name);
            }
        }
        if (!refused.isEmpty()) {
            throw new IllegalArgumentException("adapters' names must be names of folders on every platform, other than "
                    + LoRAModel.BASE + " and differing in more than case, found " + Names.list(refused));
        }
    }
}
