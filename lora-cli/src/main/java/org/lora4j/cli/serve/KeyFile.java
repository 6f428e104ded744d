package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.Sha256;

/**
 * What the file of the keys says: each line has a key and the names of the adapters that it may use, or {@code *} for all. Between them
 * may stand {@code name=shop}, {@code train=yes} and the limits of {@link KeyLimits}. A name with spaces, commas or = is in quotation marks, which no name
 * has itself. A line that begins with # is a comment.
 *
 * @param clients the clients by the hashes of their keys
 * @param problems what is wrong, without any key; such lines have no effect
 */
record KeyFile(Map<String, Client> clients, List<String> problems) {
    /** The characters of a bearer token (RFC 6750), and enough of them that nobody guesses one. */
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9._~+/=-]{16,512}");

    private static final Pattern WORD = Pattern.compile("\"([^\"]+)\"|([^\\s,\"]+)|\"");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,8}");

    /** A line that cannot be used. The message is for the operator, and has no key. */
    private static final class WrongLine extends Exception {
        private static final long serialVersionUID = 1;

        WrongLine(String message) {
            super(message);
        }
    }

    KeyFile {
        clients = Map.copyOf(clients);
        problems = List.copyOf(problems);
    }

    /**
     * Reads what can be read of a file.
     *
     * @throws IOException if the file cannot be read at all
     */
    static KeyFile read(Path file) throws IOException {
        Map<String, Client> clients = new HashMap<>();
        List<String> problems = new ArrayList<>();
        Set<String> twice = new HashSet<>();
        // Bytes that are not UTF-8 spoil their own line only.
        List<String> lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String at = file + ", line " + (i + 1) + ": ";
            try {
                List<String> words = words(line);
                String hash = hash(requireKey(words.get(0)));
                if (clients.containsKey(hash) || !twice.add(hash)) {
                    clients.remove(hash);
                    throw new WrongLine("each key must be there once, found one twice");
                }
                clients.put(hash, client(hash, words.subList(1, words.size()), i + 1));
            } catch (WrongLine e) {
                problems.add(at + e.getMessage());
            }
        }
        if (clients.isEmpty() && problems.isEmpty()) {
            problems.add(file + ": there must be at least one key, found none");
        }
        return new KeyFile(clients, problems);
    }

    /** The quotation marks of a name stay before it, so that it is told from an option. */
    private static List<String> words(String line) throws WrongLine {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(line);
        while (word.find()) {
            if (word.group(1) == null && word.group(2) == null) {
                throw new WrongLine("quotation marks must be around the name of an adapter, found one alone");
            }
            words.add(word.group(1) == null ? word.group(2) : '"' + word.group(1));
        }
        return words;
    }

    private static String requireKey(String word) throws WrongLine {
        // The message must not show a key.
        if (!KEY.matcher(word).matches()) {
            throw new WrongLine("a key must have 16 to 512 letters, digits and -._~+/=, found another text");
        }
        return word;
    }

    private static Client client(String hash, List<String> words, int line) throws WrongLine {
        Set<String> names = new HashSet<>();
        String name = "line-" + line;
        boolean trains = false;
        Map<String, Long> limits = new HashMap<>();
        for (String word : words) {
            int equals = word.startsWith("\"") ? -1 : word.indexOf('=');
            if (equals < 0) {
                names.add(word.startsWith("\"") ? word.substring(1) : word);
            } else if (word.startsWith("name=")) {
                name = requireName(word.substring(equals + 1));
            } else if (word.startsWith("train=")) {
                trains = requireYesOrNo(word.substring(equals + 1));
            } else {
                limit(word.substring(0, equals), word.substring(equals + 1), limits);
            }
        }
        if (names.isEmpty()) {
            throw new WrongLine("after a key there must be the names of its adapters, or *, found nothing");
        }
        Access access = names.contains("*") ? Access.ALL : new Access(false, names);
        return new Client(name, hash, access, trains, KeyLimits.of(limits));
    }

    private static boolean requireYesOrNo(String value) throws WrongLine {
        if (!value.equals("yes") && !value.equals("no")) {
            throw new WrongLine("train= must have yes or no, found another text");
        }
        return value.equals("yes");
    }

    private static String requireName(String name) throws WrongLine {
        if (!NAME.matcher(name).matches()) {
            throw new WrongLine(
                    "the name of a key must have 1 to 64 letters, digits and ._-, found " + MessageText.quote(name));
        }
        return name;
    }

    private static void limit(String option, String value, Map<String, Long> limits) throws WrongLine {
        if (!KeyLimits.OPTIONS.contains(option)) {
            throw new WrongLine("an option must be name=, train= or one of " + KeyLimits.OPTIONS
                    + " with =, found another one; put" + " the name of an adapter that has = in quotation marks");
        }
        if (!NUMBER.matcher(value).matches()) {
            throw new WrongLine(option + "= must have a whole number from 1 to 999999999, found another text");
        }
        limits.put(option, Long.valueOf(value));
    }

    static String hash(String key) {
        MessageDigest digest = Sha256.begin();
        digest.update(key.getBytes(StandardCharsets.UTF_8));
        return Sha256.end(digest);
    }

    /** Who else can read a file, for a warning; null if nobody, or if the file system does not say it. */
    static @Nullable String readers(Path file) throws IOException {
        Set<PosixFilePermission> permissions;
        try {
            permissions = Files.getPosixFilePermissions(file);
        } catch (UnsupportedOperationException e) {
            return null;
        }
        if (permissions.contains(PosixFilePermission.OTHERS_READ)) {
            return "every user of this machine";
        }
        return permissions.contains(PosixFilePermission.GROUP_READ) ? "its group" : null;
    }
}
