package org.lora4j.cli.serve.files;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the ids of files: {@code file-}, the time in 12 hexadecimal digits, and 16 that nobody can guess. So ids have the order in which
 * they were made, and a list can go on after a file that was deleted. Not thread-safe.
 */
final class FileIds {
    private static final String PREFIX = "file-";
    private static final Pattern ID = Pattern.compile(PREFIX + "[0-9a-f]{12}[0-9a-f]{16}");
    private static final Pattern OTHER = Pattern.compile(PREFIX + "[0-9a-f]{12}([0-9a-f]{17,64})");
    private static final int TIME_DIGITS = 12;
    private static final int OTHER_DIGITS = 16;

    private final SecureRandom random = new SecureRandom();
    private final InstantSource clock;
    private long last;

    FileIds(InstantSource clock) {
        this.clock = clock;
    }

    /** Whether a text can be an id. One that can leads to no other folder. */
    static boolean isId(String text) {
        return ID.matcher(text).matches();
    }

    /** Notes an id that was made before. */
    void add(String id) {
        last = Math.max(last, Long.parseLong(id, PREFIX.length(), PREFIX.length() + TIME_DIGITS, 16));
    }

    String next() {
        last = Math.max(last + 1, clock.millis());
        return PREFIX + digits(last, TIME_DIGITS) + digits(random.nextLong(), OTHER_DIGITS);
    }

    /** Returns the id of something that is no file of a store. Its name, in hexadecimal digits, is longer than what ids of files have. */
    static String of(long millis, String name) {
        return PREFIX + digits(millis, TIME_DIGITS) + name;
    }

    /** Returns the name of something that is no file of a store; empty for the id of a file, and for what is none. */
    static Optional<String> name(String id) {
        Matcher matcher = OTHER.matcher(id);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String digits(long value, int count) {
        String hex = Long.toHexString(value);
        return "0".repeat(Math.max(0, count - hex.length())) + hex;
    }
}
