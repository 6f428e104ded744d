package org.lora4j.example.mnist;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;

/** The program: trains RichBoyNet on MNIST, fine-tunes it on one digit through LoRA alone, and compares. */
@Command(
        name = "lora-mnist-example",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Version.class,
        description = "LoRA on MNIST, after the article's experiment. Without a command it does 'run'.",
        subcommands = {RunCommand.class, EvaluateCommand.class, SvdCommand.class, StudyCommand.class})
public final class MnistExample {
    private static final String DEFAULT_COMMAND = "run";
    private static final List<String> OWN_OPTIONS = List.of("-h", "--help", "-V", "--version");

    private MnistExample() {}

    /**
     * Runs the program and ends the process: 0 when all went well, 2 for wrong use, 1 for any other failure.
     *
     * @param args a command and its options
     */
    public static void main(String[] args) {
        beQuiet();
        System.exit(execute(args, Terminal.writer(System.out), Terminal.writer(System.err)));
    }

    /** These are read when ND4J, AWT and the console are first used. */
    private static void beQuiet() {
        System.setProperty("org.nd4j.log.initialization", "false");
        System.setProperty("org.nd4j.versioncheck", "false");
        System.setProperty("java.awt.headless", "true");
        Terminal.init();
    }

    /** Runs a command; answers its exit code. */
    static int execute(String[] args, PrintWriter out, PrintWriter err) {
        CommandLine program = new CommandLine(new MnistExample())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionStrategy(MnistExample::start)
                .setParameterExceptionHandler(MnistExample::wrongUse)
                .setExecutionExceptionHandler(MnistExample::failed);
        int code = program.execute(withCommand(args));
        out.flush();
        err.flush();
        return code;
    }

    private static String[] withCommand(String[] args) {
        boolean commandMissing = args.length == 0 || (args[0].startsWith("-") && !OWN_OPTIONS.contains(args[0]));
        return commandMissing
                ? Stream.concat(Stream.of(DEFAULT_COMMAND), Arrays.stream(args)).toArray(String[]::new)
                : args;
    }

    private static int start(ParseResult parsed) {
        LogLevel.set(isVerbose(parsed));
        return new RunLast().execute(parsed);
    }

    private static boolean isVerbose(ParseResult parsed) {
        if (parsed.hasSubcommand()) {
            return isVerbose(parsed.subcommand());
        }
        return parsed.commandSpec().userObject() instanceof WorkCommand command && command.isVerbose();
    }

    private static int wrongUse(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        return report(
                command, e.getMessage() + " (see " + command.getCommandSpec().qualifiedName() + " --help)", 2);
    }

    private static int failed(Exception e, CommandLine command, ParseResult parsed) {
        if (isVerbose(parsed)) {
            e.printStackTrace(command.getErr());
        }
        return report(command, Failure.describe(e), 1);
    }

    private static int report(CommandLine command, String message, int code) {
        command.getErr().println("error: " + message.strip().replaceAll("\\s*\\R\\s*", "; "));
        return code;
    }
}
