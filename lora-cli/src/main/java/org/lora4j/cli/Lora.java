package org.lora4j.cli;

import java.io.PrintWriter;
import java.util.List;
import org.lora4j.cli.command.ChatCommand;
import org.lora4j.cli.command.ClassifyCommand;
import org.lora4j.cli.command.ClmCommand;
import org.lora4j.cli.command.CombineCommand;
import org.lora4j.cli.command.ConvertCommand;
import org.lora4j.cli.command.DpoCommand;
import org.lora4j.cli.command.EmbedCommand;
import org.lora4j.cli.command.EvaluateCommand;
import org.lora4j.cli.command.ExtractCommand;
import org.lora4j.cli.command.GenerateCommand;
import org.lora4j.cli.command.InspectCommand;
import org.lora4j.cli.command.JobsCommand;
import org.lora4j.cli.command.MergeCommand;
import org.lora4j.cli.command.PredictCommand;
import org.lora4j.cli.command.RerankCommand;
import org.lora4j.cli.command.RetrieveCommand;
import org.lora4j.cli.command.ServeCommand;
import org.lora4j.cli.command.SftCommand;
import org.lora4j.cli.command.TagCommand;
import org.lora4j.console.command.CommandRunner;
import org.lora4j.console.command.Program;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ScopeType;

/** The program: trains, tests and uses adapters for models in folders. Nothing is downloaded. */
@Command(
        name = "lora",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        description = "LoRA adapters for models of Hugging Face in folders, from a file of texts to a tested adapter.")
public final class Lora implements Program {
    private static final List<Class<?>> COMMANDS = List.of(
            ClassifyCommand.class,
            TagCommand.class,
            RetrieveCommand.class,
            RerankCommand.class,
            SftCommand.class,
            DpoCommand.class,
            ClmCommand.class,
            EvaluateCommand.class,
            PredictCommand.class,
            GenerateCommand.class,
            ChatCommand.class,
            EmbedCommand.class,
            ServeCommand.class,
            JobsCommand.class,
            InspectCommand.class,
            MergeCommand.class,
            CombineCommand.class,
            ExtractCommand.class,
            ConvertCommand.class,
            HelpCommand.class,
            GenerateCompletion.class);

    private static final String WITHOUT_COMMAND = "--help";

    Lora() {}

    /**
     * Runs the program and ends the process: with 0 for success, 2 for wrong use, 1 for any other failure.
     *
     * @param args a command and its options
     */
    public static void main(String[] args) {
        System.exit(CommandRunner.run(new Lora(), WITHOUT_COMMAND, args));
    }

    /** Runs a command and returns its exit code. */
    static int execute(PrintWriter out, PrintWriter err, String... args) {
        return CommandRunner.run(new Lora(), WITHOUT_COMMAND, out, err, args);
    }

    @Override
    public List<Class<?>> commands() {
        return COMMANDS;
    }
}
