package org.lora4j.text.task;

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
}
