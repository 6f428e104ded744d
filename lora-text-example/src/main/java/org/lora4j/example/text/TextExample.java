package org.lora4j.example.text;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.console.command.CommandRunner;
import org.lora4j.console.command.Program;
import org.lora4j.example.text.calendar.CalendarCommand;
import org.lora4j.example.text.shop.ShopCommand;
import org.lora4j.example.text.story.StoryCommand;
import org.lora4j.example.text.tea.TeaCommand;
import org.lora4j.example.text.tickets.TicketsCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

/** The program: LoRA on real transformers and real text, with commands and options. */
@Command(
        name = "lora-text-example",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        description = "LoRA on transformers and real text. Without a command it does 'classify'.")
public final class TextExample implements Program {
    private static final List<Class<?>> COMMANDS = List.of(
            ClassifyCommand.class,
            StoryCommand.class,
            CalendarCommand.class,
            TicketsCommand.class,
            ShopCommand.class,
            TeaCommand.class);

    private static final String DEFAULT_COMMAND = "classify";

    private TextExample() {}

    /**
     * Runs the program and ends the process: with 0 for success, 2 for wrong use, 1 for any other failure.
     *
     * @param args a command and its options
     */
    public static void main(String[] args) {
        System.exit(CommandRunner.run(new TextExample(), DEFAULT_COMMAND, args));
    }

    /**
     * Runs a command and returns its exit code.
     *
     * @param out where results are printed
     * @param err where errors are printed
     * @param args a command and its options
     * @return the exit code
     */
    public static int execute(PrintWriter out, PrintWriter err, String... args) {
        return CommandRunner.run(new TextExample(), DEFAULT_COMMAND, out, err, args);
    }

    /** {@code files}: the model and the texts as files. */
    @Command(
            name = "files",
            description =
                    "Write the model all-MiniLM-L6-v2, the texts of 'classify' and those of the recipes in the documentation into a folder.")
    void files(@Parameters(paramLabel = "DIR", description = "The folder.") Path folder) throws IOException {
        ExampleFiles.write(folder);
    }

    @Override
    public List<Class<?>> commands() {
        return COMMANDS;
    }
}
