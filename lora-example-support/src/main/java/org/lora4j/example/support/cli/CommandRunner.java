package org.lora4j.example.support.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.train.DivergedException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Runs a command. Each error is one line on standard error. The exit codes are 0 for success, 2 for wrong use, 130 for an
 * interrupt, 141 if standard output was closed, and 1 for any other failure.
 */
public final class CommandRunner {
    private static final List<String> OWN_OPTIONS = List.of("-h", "--help", "-V", "--version");

    private CommandRunner() {}

    /**
     * Runs a command with standard output and standard error.
     *
     * @param program the program, annotated as a command of picocli with subcommands
     * @param defaultCommand the command that is run if none is given; {@code --help} if the program does nothing by default
     * @param args a command and its options
     * @return the exit code
     */
    public static int run(Object program, String defaultCommand, String... args) {
        beQuiet();
        Terminal.endWithClosedOutput();
        return run(program, defaultCommand, Terminal.writer(System.out), Terminal.writer(System.err), args);
    }

    /** ND4J, AWT and the console read these properties at their first use. */
    private static void beQuiet() {
        System.setProperty("org.nd4j.log.initialization", "false");
        System.setProperty("org.nd4j.versioncheck", "false");
        System.setProperty("java.awt.headless", "true");
        Terminal.init();
    }

    /**
     * Runs a command.
     *
     * @param program the program, annotated as a command of picocli with subcommands
     * @param defaultCommand the command that is run if none is given; {@code --help} if the program does nothing by default
     * @param out gets the output
     * @param err gets errors and progress
     * @param args a command and its options
     * @return the exit code
     */
    public static int run(Object program, String defaultCommand, PrintWriter out, PrintWriter err, String... args) {
        try {
            int code = execute(program, defaultCommand, out, err, args);
            out.flush();
            err.flush();
            return code;
        } catch (ClosedOutput e) {
            return ClosedOutput.EXIT_CODE;
        }
    }

    private static int execute(
            Object program, String defaultCommand, PrintWriter out, PrintWriter err, String... args) {
        CommandLine line = new CommandLine(program);
        setVersion(line, program.getClass());
        return line.registerConverter(Path.class, new PathOption())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionStrategy(CommandRunner::runOrShowHelp)
                .setParameterExceptionHandler(CommandRunner::wrongUse)
                .setExecutionExceptionHandler(CommandRunner::failed)
                .execute(withCommand(defaultCommand, args));
    }

    /** The version in the manifest of the jar, also for the commands of the program. */
    private static void setVersion(CommandLine line, Class<?> program) {
        String version = program.getPackage().getImplementationVersion();
        line.getCommandSpec().version(line.getCommandName() + " " + (version == null ? "(no release)" : version));
        line.getSubcommands()
                .values()
                .forEach(sub ->
                        sub.getCommandSpec().version(line.getCommandSpec().version()));
    }

    /** Picocli would print the stack trace of an error while it shows the help. */
    private static int runOrShowHelp(ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (ClosedOutput e) {
            return ClosedOutput.EXIT_CODE;
        }
    }

    private static String[] withCommand(String defaultCommand, String... args) {
        boolean hasDefault = !OWN_OPTIONS.contains(defaultCommand);
        boolean commandMissing =
                args.length == 0 || (hasDefault && args[0].startsWith("-") && !OWN_OPTIONS.contains(args[0]));
        return commandMissing
                ? Stream.concat(Stream.of(defaultCommand), Arrays.stream(args)).toArray(String[]::new)
                : args;
    }

    private static int wrongUse(ParameterException e, String... args) {
        CommandLine command = e.getCommandLine();
        return report(
                command, e.getMessage() + " (see " + command.getCommandSpec().qualifiedName() + " --help)", 2);
    }

    private static int failed(Exception e, CommandLine command, ParseResult parsed) {
        if (ClosedOutput.causes(e)) {
            return ClosedOutput.EXIT_CODE;
        }
        if (command.getCommand() instanceof WorkCommand work && work.isVerbose()) {
            e.printStackTrace(command.getErr());
        }
        return report(command, describe(e), 1);
    }

    private static int report(CommandLine command, String message, int code) {
        command.getErr().println("error: " + message.strip().replaceAll("\\s*\\R\\s*", "; "));
        return code;
    }

    /** Returns the message of an exception that explains itself, else its type with the message. */
    private static String describe(Exception e) {
        if (e instanceof IOException file && e.getMessage() != null) {
            return FileErrors.describe(file);
        }
        if (e instanceof UncheckedIOException file) {
            return describe(file);
        }
        if (e instanceof InvalidPathException path) {
            return PathOption.describe(path);
        }
        @Nullable String message = e.getMessage();
        boolean explainsItself = e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof ArithmeticException
                || e instanceof DivergedException;
        return explainsItself && message != null ? message : e + " (--verbose shows where)";
    }

    /** Returns the message, or that of the cause if there is no other. */
    private static String describe(UncheckedIOException e) {
        @Nullable String message = e.getMessage();
        @Nullable IOException cause = e.getCause();
        if (cause != null && (message == null || message.equals(cause.toString()))) {
            return FileErrors.describe(cause);
        }
        return message == null ? e.toString() : message;
    }
}
