package org.lora4j.io.peft;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Reads the folder of an adapter as it is at one moment. */
final class WholeFolder {
    private static final int ATTEMPTS = 50;

    /** Another program that replaces a folder takes it away for a moment: so many attempts in a row may find none. */
    private static final int MOST_MISSING = 4;

    /** So long after a change a writer may replace the next file of an adapter. */
    private static final Duration PAUSE = Duration.ofMillis(20);

    /** The same for a writer on a busy machine, if a file is older than the one that was changed. */
    private static final Duration LONGER_PAUSE = Duration.ofMillis(400);

    /** Files that were written by one program after the other differ in age by less. */
    private static final Duration WRITING = Duration.ofMillis(100);

    private WholeFolder() {}

    static <T> T read(Path folder, PeftAdapters.WholeReading<T> reading) throws IOException {
        int missing = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            FolderState before = state(folder);
            missing = before == null ? missing + 1 : 0;
            if (missing > MOST_MISSING) {
                // This tells what is missing.
                return reading.read();
            }
            // A writer without a pause must not be waited for for ever.
            if (before != null && (attempt > ATTEMPTS / 2 || !mayBeAtWork(before))) {
                Outcome<T> outcome = Outcome.of(reading);
                if (before.equals(state(folder))) {
                    return outcome.get();
                }
            }
            pause(folder);
        }
        throw new IOException(
                folder + ": the adapter must not be replaced all the time while it is read, found changes in"
                        + " each of " + ATTEMPTS + " attempts");
    }

    private static boolean mayBeAtWork(FolderState state) {
        return state.isYoungerThan(state.differsInAgeBy(WRITING) ? LONGER_PAUSE : PAUSE);
    }

    /** What was read, or why nothing was. */
    private record Outcome<T>(
            @Nullable T result,
            @Nullable IOException failure,
            @Nullable RuntimeException refusal) {
        static <T> Outcome<T> of(PeftAdapters.WholeReading<T> reading) {
            try {
                return new Outcome<>(reading.read(), null, null);
            } catch (IOException e) {
                return new Outcome<>(null, e, null);
            } catch (RuntimeException e) {
                return new Outcome<>(null, null, e);
            }
        }

        @SuppressWarnings("NullAway") // The reading may return null.
        T get() throws IOException {
            if (failure != null) {
                throw failure;
            }
            if (refusal != null) {
                throw refusal;
            }
            return result;
        }
    }

    /** Null if there is no folder now. */
    private static @Nullable FolderState state(Path folder) {
        try {
            return FolderState.of(folder);
        } catch (IOException e) {
            return null;
        }
    }

    private static void pause(Path folder) throws IOException {
        try {
            Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(folder + ": interrupted while the adapter is read");
        }
    }
}
