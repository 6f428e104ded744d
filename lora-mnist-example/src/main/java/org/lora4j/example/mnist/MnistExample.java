package org.lora4j.example.mnist;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import org.lora4j.console.command.CommandRunner;
import org.lora4j.console.command.Program;
import org.lora4j.example.mnist.cli.EvaluateCommand;
import org.lora4j.example.mnist.cli.RunCommand;
import org.lora4j.example.mnist.cli.StudyCommand;
import org.lora4j.example.mnist.cli.SvdCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.ScopeType;

/** The program: the article's experiment on MNIST, with commands and options. */
@Command(
        name = "lora-mnist-example",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        description = "The article's experiment: LoRA on MNIST. Without a command it does 'run'.")
public final class MnistExample implements Program {
    private static final List<Class<?>> COMMANDS =
            List.of(RunCommand.class, EvaluateCommand.class, SvdCommand.class, StudyCommand.class);

    private static final String DEFAULT_COMMAND = "run";

    private MnistExample() {}

    /**
     * Runs the program and ends the process: with 0 for success, 2 for wrong use, 1 for any other failure.
     *
     * @param args a command and its options
     */
    public static void main(String[] args) {
        System.exit(CommandRunner.run(new MnistExample(), DEFAULT_COMMAND, args));
    }

    /** Runs a command and returns its exit code. */
    static int execute(PrintWriter out, PrintWriter err, String... args) {
        return CommandRunner.run(new MnistExample(), DEFAULT_COMMAND, out, err, args);
    }

    /** {@code story}: the article in one file. */
    @Command(
            name = "story",
            description = "Run the experiment as one short program: MnistLoRA.java, the article in one file.")
    void story() throws IOException {
        MnistLoRA.main(new String[0]);
    }

    @Override
    public List<Class<?>> commands() {
        return COMMANDS;
    }
}
