package org.lora4j.console.command;

import java.util.List;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** The model of a program's command line. */
final class ProgramLine {
    private static final String COMPLETION =
            GenerateCompletion.class.getAnnotation(Command.class).name();

    private ProgramLine() {}

    /**
     * Reads the commands that the arguments name. Of the others only the name and the description are read, because to read all
     * options of all commands takes longer than what a short command does.
     */
    static CommandLine of(Program program, List<String> words) {
        CommandLine line = new CommandLine(program);
        for (Class<?> type : program.commands()) {
            Command command = type.getAnnotation(Command.class);
            line.addSubcommand(isNamed(command, words) ? new CommandLine(type) : new CommandLine(described(command)));
        }
        return line;
    }

    /** A file of arguments can name any command, and the rules of the tab key are those of all commands. */
    private static boolean isNamed(Command command, List<String> words) {
        return words.contains(command.name())
                || words.contains(COMPLETION)
                || words.stream().anyMatch(word -> word.startsWith("@"));
    }

    private static CommandSpec described(Command command) {
        CommandSpec spec = CommandSpec.create().name(command.name());
        spec.usageMessage()
                .header(command.header())
                .description(command.description())
                .hidden(command.hidden());
        return spec;
    }
}
