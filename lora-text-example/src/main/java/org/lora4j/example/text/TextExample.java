package org.lora4j.example.text;

import java.io.PrintWriter;
import java.util.Objects;
import org.lora4j.example.support.cli.CommandRunner;
import org.lora4j.example.text.cli.ClassifyCommand;
import org.lora4j.example.text.cli.StoryCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ScopeType;

/** The program: LoRA on a real transformer and real text, with commands and options. */
@Command(
        name = "lora-text-example",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = TextExample.Version.class,
        description = "LoRA on transformers and real text. Without a command it does 'classify'.",
        subcommands = {ClassifyCommand.class, StoryCommand.class})
public final class TextExample {
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

    /** The version in the manifest of the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = TextExample.class.getPackage().getImplementationVersion();
            return new String[] {"lora-text-example " + Objects.requireNonNullElse(version, "(no release)")};
        }
    }
}
