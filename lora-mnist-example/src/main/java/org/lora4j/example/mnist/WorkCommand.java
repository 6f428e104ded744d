package org.lora4j.example.mnist;

import org.lora4j.nn.NativeThreads;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that computes: its options are checked first, then it works with threads that do not fight. */
abstract class WorkCommand implements Callable<Integer> {
    @Option(names = "--verbose", description = "Log what the library does; show where errors come from.")
    private boolean verbose;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** Whether to log more, and to show where errors come from. */
    final boolean isVerbose() {
        return verbose;
    }

    @Override
    public final Integer call() throws IOException {
        checkOptions(new OptionCheck(spec.commandLine()));
        NativeThreads threads = NativeThreads.forBlas();
        try {
            work();
        } catch (OutOfMemoryError e) {
            throw new IOException("not enough memory; take smaller batches, or more of it by java -Xmx", e);
        } finally {
            threads.close();
        }
        return 0;
    }

    /** Refuses options that are out of their bounds, before any work. */
    abstract void checkOptions(OptionCheck check);

    /** Does what the command is for. */
    abstract void work() throws IOException;

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
    }
}
