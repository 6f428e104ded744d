package org.lora4j.console.command;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Runs a command. Each error is one line on standard error. The exit codes are 0 for success, 2 for wrong use, 130 for an
 * interrupt, 141 if standard output was closed, and 1 for any other failure.
 */
public final class CommandRunner {
    private static final int MOST_SUGGESTIONS = 2;
    private static final List<String> OWN_OPTIONS = List.of("-h", "--help", "-V", "--version");

    private CommandRunner() {}

    /**
     * Runs a command with standard output and standard error.
     *
     * @param program the program
     * @param defaultCommand the command that is run if none is given; {@code --help} if the program does nothing by default
     * @param args a command and its options
     * @return the exit code
     */
    public static int run(Program program, String defaultCommand, String... args) {
        beQuiet();
        Terminal.endWithClosedOutput();
        return run(program, defaultCommand, Terminal.writer(System.out), Terminal.writer(System.err), args);
    }

    /** ND4J, AWT and the console read these properties at their first use. */
    private static void beQuiet() {
        ConsoleLogging.ofProgram();
        System.setProperty("org.nd4j.log.initialization", "false");
        System.setProperty("org.nd4j.versioncheck", "false");
        System.setProperty("java.awt.headless", "true");
        // The console that is null without a terminal. Newer JDKs have another default.
        System.setProperty("jdk.console", "java.base");
    }

    /**
     * Runs a command.
     *
     * @param program the program
     * @param defaultCommand the command that is run if none is given; {@code --help} if the program does nothing by default
     * @param out gets the output
     * @param err gets errors and progress
     * @param args a command and its options
     * @return the exit code
     */
    public static int run(Program program, String defaultCommand, PrintWriter out, PrintWriter err, String... args) {
        String[] words = withCommand(defaultCommand, args);
        CommandLine line = line(program, words).setOut(out).setErr(err);
        try {
            int code = line.execute(words);
            out.flush();
            err.flush();
            return code;
        } catch (ClosedOutput e) {
            return ClosedOutput.EXIT_CODE;
        }
    }

    /**
     * Returns the model of a command line.
     *
     * @param program the program
     * @param words a command and its options. Commands that they do not name have a description, but no options
     * @return the model, which writes to standard output
     */
    public static CommandLine line(Program program, String... words) {
        CommandLine line = ProgramLine.of(program, List.of(words));
        setVersion(line, program.getClass());
        return line.registerConverter(Path.class, CommandRunner::path)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(CommandRunner::wrongUse)
                .setExecutionExceptionHandler(CommandRunner::failed);
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

    private static Path path(String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new TypeConversionException(ErrorText.of(e));
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
                command,
                e.getMessage() + suggestion(e) + " (see "
                        + command.getCommandSpec().qualifiedName() + " --help)",
                2);
    }

    /** Returns what may have been meant, after a word that is no command or option. */
    private static String suggestion(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched) {
            return suggestion(unmatched);
        }
        // Picocli says only that an option is missing, and not that another was misspelled.
        List<String> words = e.getCommandLine().getUnmatchedArguments();
        return e instanceof MissingParameterException && !words.isEmpty()
                ? "; '" + words.get(0) + "' is no option"
                        + suggestion(new UnmatchedArgumentException(e.getCommandLine(), words))
                : "";
    }

    private static String suggestion(UnmatchedArgumentException e) {
        List<String> similar = e.getSuggestions().stream()
                .map(text -> text.substring(text.lastIndexOf(' ') + 1))
                .limit(MOST_SUGGESTIONS)
                .toList();
        return similar.isEmpty() ? "" : "; did you mean " + String.join(" or ", similar) + "?";
    }

    private static int failed(Exception e, CommandLine command, ParseResult parsed) {
        if (e.getCause() instanceof ClosedOutput) {
            // Picocli wraps the errors of a command that is a method.
            return ClosedOutput.EXIT_CODE;
        }
        if (command.getCommand() instanceof WorkCommand work && work.isVerbose()) {
            e.printStackTrace(command.getErr());
        }
        return report(command, ErrorText.of(e), 1);
    }

    private static int report(CommandLine command, String message, int code) {
        command.getErr().println("error: " + message.strip().replaceAll("\\s*\\R\\s*", "; "));
        return code;
    }
}
