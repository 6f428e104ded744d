package org.lora4j.cli.language;

import java.nio.file.Path;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TrainingPlan;
import org.lora4j.linalg.Precision;

/**
 * What a language model is trained with.
 *
 * @param kind answers of conversations, or plain text
 * @param model the folder of the decoder
 * @param storage how its large matrices are stored
 * @param data the files
 * @param text the column of plain text
 * @param maxTokens where a conversation is cut, or the tokens of a block of plain text; 0 for as many as the model has
 *     positions for, and at most 1024
 * @param config the adapter
 * @param plan the training
 * @param recomputes whether layers are computed again for their gradients
 * @param samples how many answers the report shows before and after
 */
public record LanguageTask(
        Kind kind,
        Path model,
        Precision storage,
        DataFile data,
        String text,
        int maxTokens,
        LoRAConfig config,
        TrainingPlan plan,
        boolean recomputes,
        int samples) {
    /** What the model learns. */
    public enum Kind {
        /** The answers of conversations. */
        SFT,
        /** Plain text. */
        CLM
    }
}
