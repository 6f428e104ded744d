package org.lora4j.internal;

import java.nio.file.Path;

/**
 * The folder of an adapter while another one takes its place. No file system of Java exchanges two folders at once, so the old one is renamed
 * first, and readers find none for a moment, which can be long on a busy machine. The hidden name of the old one tells them to wait.
 */
@ForModules
public final class ExchangedFolder {
    private static final String HIDDEN = ".";
    private static final String GONE = ".gone";

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
}
