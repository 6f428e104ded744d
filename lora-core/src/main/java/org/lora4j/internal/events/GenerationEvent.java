package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A text that was generated, from the start of its computation to its end. */
@Name("lora4j.Generation")
@Label("Generation")
@Description("A text that was generated, from the start of its computation to its end.")
@Category({"LoRA for the JVM", "Generation"})
@StackTrace(false)
public final class GenerationEvent extends Event {
    private static final int LONGEST_NAME = 200;

    @Label("Adapter")
    @Nullable
    String adapter;

    @Label("Prompt Tokens")
    int promptTokens;

    @Label("Cached Tokens")
    @Description("The tokens of the prompt that were not computed, because their keys and values were known")
    int cachedTokens;

    @Label("New Tokens")
    int newTokens;

    @Label("Finish")
    @Description("STOP, LENGTH, CANCELLED or FAILED")
    @Nullable
    String finish;

    /** Ends the text. */
    public void end(String name, int prompt, int cached, int generated, String reason) {
        end();
        if (shouldCommit()) {
            adapter = name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name;
            promptTokens = prompt;
            cachedTokens = cached;
            newTokens = generated;
            finish = reason;
            commit();
        }
    }
}
