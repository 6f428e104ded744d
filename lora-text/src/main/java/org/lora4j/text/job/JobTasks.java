package org.lora4j.text.job;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextModel;

/** The task of each method. */
final class JobTasks {
    private JobTasks() {}

    /**
     * Returns the task of a method.
     *
     * @param mostTokens the most tokens of an example of a language model
     * @throws IllegalArgumentException if the model cannot have it
     */
    static JobTask<?> of(JobMethod method, TextModel model, int mostTokens, @Nullable Double beta) throws IOException {
        return switch (method) {
            case SUPERVISED -> new AnswersJob(decoder(method, model), mostTokens);
            case DPO -> new PreferencesJob(decoder(method, model), mostTokens, beta);
            case CLASSIFY -> new ClassesJob(model);
            case LABELS -> new LabelsJob(model);
            case NUMBER -> new NumbersJob(model);
            case TAG -> new TagsJob(model);
            case EMBED -> new EmbeddingsJob(model);
            case RERANK -> new ScoresJob(model);
        };
    }

    private static DecoderFolder decoder(JobMethod method, TextModel model) {
        if (model instanceof DecoderFolder decoder) {
            return decoder;
        }
        throw new IllegalArgumentException(
                "the method " + method.text() + " needs a model that generates text, found " + model.name());
    }
}
