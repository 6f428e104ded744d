package org.lora4j.cli.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.Network;
import org.lora4j.train.Loss;

/**
 * What a training learns: an open model with a new adapter, the examples, and what is measured at the end. {@link TaskTraining}
 * does the rest.
 *
 * @param <R> what is measured
 */
public interface TextTask<R extends Record> extends AutoCloseable {
    /**
     * What a training needs.
     *
     * @param model the name of the model
     * @param base the base of the adapter
     * @param adapter the adapter that trains
     * @param loss the loss
     * @param recomputes whether layers are computed again for their gradients
     * @param train the examples for training, at least one
     * @param validation those of the validation; none to train without one
     * @param test how many judge and have no part in the training
     * @param copies how many rows have the same text
     * @param maxTokens where examples are cut; 0 if nothing is lost
     * @param unlearnable how many examples were left out because the cut left nothing to learn
     * @param skipped what was wrong with lines that were left out
     * @param settings the settings of the task that decide about the result, by name
     */
    record Parts(
            String model,
            Network base,
            AdapterView adapter,
            Loss loss,
            boolean recomputes,
            Examples train,
            Examples validation,
            int test,
            Copies copies,
            int maxTokens,
            int unlearnable,
            List<String> skipped,
            Map<String, Object> settings) {}

    /**
     * Returns what a training needs.
     *
     * @return always the same
     */
    Parts parts();

    /**
     * Returns what the examples are and how many.
     *
     * @return a line for the user
     */
    default String summary() {
        return summary("example");
    }

    /**
     * Returns how many examples there are.
     *
     * @param noun what one is
     * @return a line for the user
     */
    default String summary(String noun) {
        int test = parts().test();
        String train = ReportText.count(parts().train().size(), noun) + " for training";
        String validation = ReportText.count(parts().validation().size()) + " for the validation";
        return test == 0
                ? train + " and " + validation
                : train + ", " + validation + " and " + ReportText.count(test) + " for the test";
    }

    /**
     * Writes what a later use needs to know beside the adapter, or deletes the file of an older adapter.
     *
     * @param folder the folder of the adapter
     * @return whether a {@code task.json} was written
     * @throws IOException if the file cannot be written
     */
    boolean writeTask(Path folder) throws IOException;

    /**
     * Measures the trained adapter on the examples for the test, or on those of the validation if there is no test.
     *
     * @return the numbers
     */
    R measure();

    /** Frees the tokenizer. */
    @Override
    void close();
}
