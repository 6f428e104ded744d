package org.lora4j.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A folder from which native libraries are loaded after they were unpacked into it. If the home folder of the user cannot be
 * written to, it lies in the temporary folder of all users. A file that another user put there would be run.
 */
public final class NativeCache {
    /** The system property that accepts every folder, for a container in which nobody else can run. */
    private static final String TRUST = "org.lora4j.trustNativeCache";

    private static final int ROOT = 0;
    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 0002;

    /** The number of this user, as soon as it was needed. It does not change. */
    private static volatile @Nullable Integer thisUser;

    private NativeCache() {}

    /**
     * Refuses a folder that other users can write to, or could have created. The folders above it count too. Where files have
     * no owner and mode as on Unix, nothing is checked.
     *
     * @param folder the folder; it need not exist
     * @param setting what the user can set to choose another one
     * @throws IllegalStateException if a folder on the way belongs to another user, or all users can write to it
     */
    public static void requireOwn(Path folder, String setting) {
        if (Boolean.getBoolean(TRUST)) {
            return;
        }
        Path whole = folder.toAbsolutePath().normalize();
        for (Path path = whole; path != null; path = path.getParent()) {
            String problem = Files.exists(path) ? problem(path) : null;
            if (problem != null) {
                throw new IllegalStateException("the folder of native libraries " + whole
                        + " must be one that only this user can write to, found " + path + " " + problem
                        + "; another user could put a library there that this program would run. Set " + setting
                        + " to another folder, or -D" + TRUST + "=true where nobody else can run programs");
            }
        }
    }

    private static @Nullable String problem(Path path) {
        try {
            Map<String, Object> attributes = Files.readAttributes(path, "unix:uid,mode");
            return attributes.get("uid") instanceof Integer owner && attributes.get("mode") instanceof Integer mode
                    ? problem(owner, user(owner), mode)
                    : null;
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            return null; // Not Unix.
        } catch (IOException e) {
            return "whose owner cannot be found out: " + e;
        }
    }

    /** The number of this user: that of the owner of a file that it creates. It is only asked for if it matters. */
    private static int user(int owner) throws IOException {
        if (owner == ROOT) {
            return ROOT;
        }
        Integer known = thisUser;
        if (known == null) {
            known = userOfNewFile();
            thisUser = known;
        }
        return known;
    }

    private static int userOfNewFile() throws IOException {
        Path own = Files.createTempFile("lora4j", ".owner");
        try {
            return (Integer) Files.getAttribute(own, "unix:uid");
        } finally {
            Files.delete(own);
        }
    }

    /** Says what is wrong with a folder, or returns null. In one with the sticky bit, nobody can replace a file of another. */
    static @Nullable String problem(int owner, int user, int mode) {
        if (owner != ROOT && owner != user) {
            return "of the user with the number " + owner;
        }
        boolean isOpen = (mode & WRITABLE_BY_OTHERS) != 0 && (mode & STICKY) == 0;
        return isOpen ? "that all users can write to" : null;
    }
}
