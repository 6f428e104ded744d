package org.lora4j.cli.train;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** The models and files that a command has opened. They are closed at its end, the last one first. */
public final class OpenedFiles implements AutoCloseable {
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /**
     * Adds what must be closed.
     *
     * @param file a model or a file
     * @param <F> its type
     * @return the same
     */
    public <F extends AutoCloseable> F add(F file) {
        opened.push(file);
        return file;
    }

    /** Closes all of them, also if one cannot be closed. */
    @Override
    public void close() throws IOException {
        try {
            while (!opened.isEmpty()) {
                opened.pop().close();
            }
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        } finally {
            if (!opened.isEmpty()) {
                close();
            }
        }
    }
}
