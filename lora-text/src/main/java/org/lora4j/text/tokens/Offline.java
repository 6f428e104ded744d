package org.lora4j.text.tokens;

import org.jspecify.annotations.Nullable;

/**
 * Keeps DJL from the network while at least one thread loads a tokenizer. Without its system property, DJL reports to its makers
 * on some machines, and downloads another native library on others. Threads do not wait for each other's loads.
 */
final class Offline {
    static final String PROPERTY = "ai.djl.offline";

    private static int users;
    private static @Nullable String before;

    private Offline() {}

    /** Sets the property if no other thread has. */
    static synchronized void begin() {
        if (users == 0) {
            before = System.getProperty(PROPERTY);
            System.setProperty(PROPERTY, "true");
        }
        users++;
    }

    /** Restores the property if no other thread needs it. */
    static synchronized void end() {
        users--;
        if (users > 0) {
            return;
        }
        if (before == null) {
            System.clearProperty(PROPERTY);
        } else {
            System.setProperty(PROPERTY, before);
        }
    }
}
