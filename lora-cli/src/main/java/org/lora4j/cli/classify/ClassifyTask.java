package org.lora4j.cli.classify;

import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.cli.model.Head;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TrainingPlan;

/**
 * What a classifier is trained with.
 *
 * @param model the folder of the encoder
 * @param data the files of texts
 * @param text the column of the text
 * @param label the column of the class
 * @param config the adapter
 * @param plan the training
 * @param head what the classifier reads; null for what suits the model
 * @param maxTokens where texts are cut; nothing for where the model's folder says
 * @param balanced whether all classes count the same, however many texts they have
 * @param baseline whether the report compares with a linear classifier on the frozen encoder
 */
public record ClassifyTask(
        Path model,
        DataFile data,
        String text,
        String label,
        LoRAConfig config,
        TrainingPlan plan,
        @Nullable Head head,
        OptionalInt maxTokens,
        boolean balanced,
        boolean baseline) {}
