package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A step of texts that are generated together: a token of each, or a part of its prompt. */
@Name("lora4j.GenerationStep")
@Label("Generation Step")
@Description("A step of texts that are generated together: a token of each, or a part of its prompt.")
@Category({"LoRA for the JVM", "Generation"})
@StackTrace(false)
public final class GenerationStepEvent extends Event {
    @Label("Texts")
    int texts;

    @Label("Tokens")
    @Description("The tokens of all texts that were computed")
    long tokens;

    /** Ends the step. */
    public void end(int textCount, long tokenCount) {
        end();
        if (shouldCommit()) {
            texts = textCount;
            tokens = tokenCount;
            commit();
        }
    }
}
