package org.lora4j.internal;

import org.nd4j.linalg.factory.Nd4j;

/** The part of ND4J that computes. A program adds the one for its platform. */
public final class Backend {
    private Backend() {}

    /**
     * Loads the backend. Without this, a program without one ends with an error of a class initializer that does not say
     * what to do.
     *
     * @throws IllegalStateException if there is no backend on the class path, or it does not start
     */
    public static void require() {
        try {
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
}
