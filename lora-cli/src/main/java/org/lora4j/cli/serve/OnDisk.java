package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Work on the files of the server. If it fails, the server is at fault, and not the connection of the client. */
final class OnDisk {
    private OnDisk() {}

    /** Work with a result. */
    interface Reading<T> {
        T get() throws IOException;
    }

    /** Work without a result. */
    interface Writing {
        void run() throws IOException;
    }

    static <T> T get(Reading<T> work) {
        try {
            return work.get();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void run(Writing work) {
        try {
            work.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
