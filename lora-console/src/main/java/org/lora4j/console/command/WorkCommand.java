package org.lora4j.console.command;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.NativeThreads;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that works. It checks its options first, and computes with the fast setting of native threads. */
public abstract class WorkCommand implements Callable<Integer> {
    @Option(names = "--verbose", description = "Log the work of the library, and print stack traces of errors.")
    private boolean verbose;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private volatile @Nullable RunFolder folder;
    private volatile @Nullable ProgressDisplay progress;

    /** Creates the command with its default options. */
    protected WorkCommand() {}

    final boolean isVerbose() {
        return verbose;
    }

    @Override
    public final Integer call() throws IOException {
        if (LoggerFactory.getLogger("org.lora4j") instanceof Logger logger) {
            logger.setLevel(verbose ? Level.DEBUG : Level.WARN);
        }
        checkWorkingFolder();
        checkOptions(new OptionCheck(spec.commandLine()));
        Interruption interruption = Interruption.announce(err(), this::endProgress, this::kept);
        try {
            if (computes()) {
                workWithThreads();
            } else {
                work();
            }
        } catch (OutOfMemoryError e) {
            throw new IOException("not enough memory; use smaller batches, or give Java more memory with -Xmx", e);
        } finally {
            interruption.close();
            closeFolder();
        }
        return 0;
    }

    private void closeFolder() throws IOException {
        RunFolder prepared = folder;
        if (prepared != null) {
            prepared.close();
        }
    }

    private void workWithThreads() throws IOException {
        NativeThreads threads = NativeThreads.forEngine();
        try {
            work();
        } finally {
            threads.close();
        }
    }

    /** If the locale cannot express its name, the charts fail after the whole work. The error says what to do. */
    private static void checkWorkingFolder() {
        Path unused = Path.of(System.getProperty("user.dir", ""));
    }

    /** Refuses options that are out of their bounds, before any work. */
    protected abstract void checkOptions(OptionCheck check);

    /**
     * Returns whether the command computes. One that does not starts without ND4J.
     *
     * @return true by default
     */
    protected boolean computes() {
        return true;
    }

    /** Does the work of the command. */
    protected abstract void work() throws IOException;

    /**
     * Prepares the folder of the results, before any work. From then on an interrupt says what of this run it contains.
     *
     * @param path the folder
     * @param what the results, for the message of an error
     * @param bytes their size
     * @throws IOException if it cannot be created or written to, does not have room for the results, or another run writes into it
     */
    protected final RunFolder prepare(Path path, String what, long bytes) throws IOException {
        RunFolder prepared = RunFolder.prepare(path, what, bytes);
        folder = prepared;
        return prepared;
    }

    /**
     * Creates a display of the progress, which ends before an interrupt says what is kept.
     *
     * @param options how progress is shown
     * @param lines where lines are printed, without a terminal or without a bar
     * @param unit what a batch consists of, such as {@code images}
     */
    protected final ProgressDisplay display(ProgressOptions options, PrintWriter lines, String unit) {
        ProgressDisplay created = options.display(lines, unit);
        progress = created;
        return created;
    }

    private void endProgress() {
        ProgressDisplay shown = progress;
        if (shown != null) {
            shown.end();
        }
    }

    /**
     * Returns what an interrupt says.
     *
     * @return what of this run is kept
     */
    protected String kept() {
        RunFolder prepared = folder;
        return prepared == null ? RunFolder.NOTHING_KEPT : prepared.kept();
    }

    /** Returns where results are printed. */
    protected final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Returns where errors and notes are printed. */
    protected final PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
