package org.lora4j.internal;

import java.io.File;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.nd4j.linalg.factory.Nd4j;

/** The part of ND4J that computes. A program adds the one for its platform. */
@ForModules
public final class Backend {
    private static final String CACHE = "org.bytedeco.javacpp.cachedir";

    private static volatile boolean isCacheKnown;

    private Backend() {}

    /**
     * Loads the backend. Without this, a program without one ends with an error of a class initializer that does not say
     * what to do.
     *
     * @throws IllegalStateException if there is no backend on the class path, it does not start, or another user could replace its
     *     native libraries
     */
    public static void require() {
        try {
            if (!isCacheKnown) {
                NativeCache.requireOwn(cache(), "-D" + CACHE);
                isCacheKnown = true;
            }
            Nd4j.getBackend();
        } catch (LinkageError e) {
            throw new IllegalStateException(
                    "ND4J must have a backend for this platform on the class path, found none that starts on "
                            + System.getProperty("os.name") + " " + System.getProperty("os.arch")
                            + "; add the dependency org.lora4j:lora-native, or org.nd4j:nd4j-native both without and with the"
                            + " classifier of the platform",
                    e);
        }
    }

    /** The folder that JavaCPP takes for native libraries: the first of these that this user can use. */
    private static Path cache() {
        return Stream.of(
                        System.getProperty(CACHE),
                        System.getProperty("org.bytedeco.javacpp.cacheDir"),
                        System.getProperty("user.home") + "/.javacpp/cache/",
                        System.getProperty("java.io.tmpdir") + "/.javacpp-" + System.getProperty("user.name")
                                + "/cache/")
                .filter(Objects::nonNull)
                .map(File::new)
                .filter(folder -> (folder.exists() || folder.mkdirs())
                        && folder.canRead()
                        && folder.canWrite()
                        && folder.canExecute())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "there must be a folder for native libraries that this user can write to, found none in the home folder"
                                + " and in the temporary one; set -D" + CACHE))
                .toPath();
    }
}
