package org.lora4j.console.command;

import java.util.List;

/** A program that is annotated as a command of picocli, and has commands. {@link CommandRunner} runs it. */
public interface Program {
    /**
     * Returns the classes of the commands. The annotation of the program must not name them too.
     *
     * @return classes that are annotated as commands, in the order of the help
     */
    List<Class<?>> commands();
}
