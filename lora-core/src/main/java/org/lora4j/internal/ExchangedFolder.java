package org.lora4j.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The folder of an adapter while another one takes its place. No file system of Java exchanges two folders at once, so the old one is renamed
 * first, and readers find none for a moment, which can be long on a busy machine. The hidden name of the old one tells them to wait.
 */
@ForModules
public final class ExchangedFolder {
    private static final String HIDDEN = ".";
    private static final String GONE = ".gone";
    private static final int MOST_WAITS = 50;
    private static final int WAIT_MILLIS = 20;

    private ExchangedFolder() {}

    /** Returns where a folder lies until another one has taken its place. */
    public static Path before(Path folder) {
        return folder.resolveSibling(HIDDEN + folder.getFileName() + GONE);
    }

    /** Returns the folder whose {@link #before} this is; the path itself if it is none. */
    public static Path after(Path before) {
        String name = String.valueOf(before.getFileName());
        boolean isBefore =
                name.length() > HIDDEN.length() + GONE.length() && name.startsWith(HIDDEN) && name.endsWith(GONE);
        return isBefore
                ? before.resolveSibling(name.substring(HIDDEN.length(), name.length() - GONE.length()))
                : before;
    }

    /** Returns whether another folder is about to take the place of one, or has just done so. */
    public static boolean isExchanged(Path folder) {
        return folder.getFileName() != null && Files.isDirectory(before(folder));
    }

    /**
     * Finds the folder of an adapter. Waits up to a second while another one takes its place.
     *
     * @param all a folder with a sub-folder for each adapter
     * @param name the name of an adapter, which must be no path
     * @return its folder; null if there is none of exactly this name. Some file systems find one whose name differs in case, and it would
     *     be a second adapter of the same files
     * @throws IOException if the folder cannot be read
     */
    public static @Nullable Path find(Path all, String name) throws IOException {
        Path own = all.resolve(name);
        int missing = 0;
        for (int wait = 0; !hasExactName(own, name); wait++) {
            // The other one may have come between the two looks, and the old one gone: so look twice.
            missing = isExchanged(own) ? 0 : missing + 1;
            if (missing > 1 || wait == MOST_WAITS) {
                return null;
            }
            if (missing == 0) {
                pause(own);
            }
        }
        return own;
    }

    private static boolean hasExactName(Path own, String name) throws IOException {
        if (!Files.isDirectory(own)) {
            return false;
        }
        try {
            Path real = own.toRealPath(LinkOption.NOFOLLOW_LINKS).getFileName();
            return real != null && real.toString().equals(name);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static void pause(Path folder) throws IOException {
        try {
            Thread.sleep(WAIT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(folder + ": interrupted while another folder takes its place");
        }
    }
}
