package org.lora4j.text.task;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;

/** The task of a decoder that continues texts and answers. */
public record Generate() implements Task {
    @Override
    public Head head() {
        return Head.NEXT_TOKEN;
    }

    @Override
    public OptionalInt maxTokens() {
        return OptionalInt.empty();
    }

    @Override
    public Generate with(TaskSettings asked) {
        asked.requireNoneOfEmbeddings(this);
        if (asked.maxTokens().isPresent()) {
            throw new IllegalArgumentException("maxTokens must not be set for a model that " + does() + ", found "
                    + asked.maxTokens().getAsInt() + "; the options of a generation limit its answers");
        }
        return this;
    }

    @Override
    public String does() {
        return "generates text";
    }

    /** Deletes the file of an older adapter: PEFT's {@code task_type} says that an adapter generates. */
    @Override
    public void write(Path folder) throws IOException {
        Task.delete(folder);
    }
}
