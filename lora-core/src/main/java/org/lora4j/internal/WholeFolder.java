package org.lora4j.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the folder of an adapter as it is at one moment, on any file system. */
@ForModules
public final class WholeFolder {
    private static final int ATTEMPTS = 50;

    /** Another program that replaces a folder takes it away for a moment: so many attempts in a row may find none. */
    private static final int MOST_MISSING = 4;

    /** So long after a change a writer may replace the next file of an adapter. */
    private static final Duration PAUSE = Duration.ofMillis(20);

    /** The same for a writer on a busy machine, if a file is older than the one that was changed. */
    private static final Duration LONGER_PAUSE = Duration.ofMillis(400);

    /** Files that were written by one program after the other differ in age by less. */
    private static final Duration WRITING = Duration.ofMillis(100);

    private static final FolderState NOTHING = new FolderState(null, Map.of());

    private WholeFolder() {}

    /** Finds what is compared of a folder. */
    @FunctionalInterface
    public interface States {
        /**
         * Returns the state now.
         *
         * @throws IOException if there is no folder with an adapter now
         */
        FolderState now() throws IOException;

        /** Returns whether another folder is about to take the place of one that is away. */
        default boolean isExchanged() {
            return false;
        }
    }

    /** What is compared of a folder of this machine. */
    private record Local(Path folder) implements States {
        @Override
        public FolderState now() throws IOException {
            return FolderState.of(folder);
        }

        @Override
        public boolean isExchanged() {
            return ExchangedFolder.isExchanged(folder);
        }
    }

    /** Reads the files of a folder. */
    @FunctionalInterface
    public interface Reading<T> {
        /**
         * Reads what is needed.
         *
         * @param before the state in which the folder was just before
         * @throws ReplacedException if the files are others than those of this state
         * @throws IOException if a file cannot be read
         */
        T read(FolderState before) throws IOException;
    }

    /** The files were replaced while they were opened. They may look the same later, if they were replaced twice. */
    @ForModules
    public static final class ReplacedException extends IOException {
        private static final long serialVersionUID = 1L;

        public ReplacedException(String folder) {
            super(folder + ": the adapter was replaced while it was opened");
        }
    }

    /**
     * Reads files of a folder of this machine; again if they were replaced meanwhile, whether it failed or not. It waits while {@link
     * ExchangedFolder another one} takes the place of the folder.
     *
     * @param folder the folder
     * @throws IOException what the reading throws, or if the files are replaced all the time
     */
    public static <T> T read(Path folder, Reading<T> reading) throws IOException {
        return read(folder.toString(), new Local(folder), reading);
    }

    /**
     * Reads files; again if they were replaced meanwhile, whether it failed or not.
     *
     * @param folder the folder, for messages
     * @throws IOException what the reading throws, or if the files are replaced all the time
     */
    public static <T> T read(String folder, States states, Reading<T> reading) throws IOException {
        int missing = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            FolderState before = state(states);
            missing = before == null ? missing + 1 : 0;
            if (missing > MOST_MISSING && (attempt == ATTEMPTS - 1 || !states.isExchanged())) {
                // The other folder may have come between both looks.
                before = state(states);
                if (before == null) {
                    // This tells what is missing.
                    return reading.read(NOTHING);
                }
            }
            // A writer without a pause must not be waited for for ever.
            if (before != null && (attempt > ATTEMPTS / 2 || !mayBeAtWork(before))) {
                Outcome<T> outcome = Outcome.of(reading, before);
                if (!(outcome.failure instanceof ReplacedException) && before.equals(state(states))) {
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
        static <T> Outcome<T> of(Reading<T> reading, FolderState before) {
            try {
                return new Outcome<>(reading.read(before), null, null);
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
    private static @Nullable FolderState state(States states) {
        try {
            return states.now();
        } catch (IOException e) {
            return null;
        }
    }

    private static void pause(String folder) throws IOException {
        try {
            Thread.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(folder + ": interrupted while the adapter is read");
        }
    }
}
