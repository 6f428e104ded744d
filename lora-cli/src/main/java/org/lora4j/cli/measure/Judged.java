package org.lora4j.cli.measure;

import org.jspecify.annotations.Nullable;

/** What a task measures at its end. */
public interface Judged {
    /**
     * Returns what the examples that judge say.
     *
     * @return null if there were none
     */
    @Nullable
    Judgement judgement();
}
