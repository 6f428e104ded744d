package org.lora4j.cli.train;

import java.io.IOException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.SavedAdapter;

/**
 * What each training has, whatever its task.
 *
 * @param files the model, and an adapter from which the training goes on if there is one
 * @param data the examples
 * @param config a new adapter
 * @param plan how it trains
 * @param opened what the task opens
 */
public record TrainingInput(
        AdaptedModel files, DataFile data, LoRAConfig config, TrainingPlan plan, OpenedFiles opened) {
    /**
     * Returns the adapter from which the training goes on.
     *
     * @return null for a new one
     */
    public @Nullable SavedAdapter begin() {
        return files.adapter();
    }

    /**
     * Adds the adapter that trains to a model without a classifier.
     *
     * @param to the model
     * @param base the name of the model
     * @return the view of the new adapter, or of the one from which the training goes on
     * @throws IOException if that one cannot be read, or does not fit
     */
    public AdapterView addAdapter(LoRAModel to, String base) throws IOException {
        SavedAdapter begin = begin();
        return begin == null
                ? to.add(TextClassifier.ADAPTER, configOn(base))
                : to.add(TextClassifier.ADAPTER, begin.adapter(to.network()));
    }

    /**
     * Adds the adapter that trains to a model with a head.
     *
     * @param to the model
     * @param base the name of the model
     * @param head what a new adapter has beside its own parameters, such as a classifier of its own
     * @return the view of the new adapter, or of the one from which the training goes on
     * @throws IOException if that one cannot be read, or does not fit
     */
    public AdapterView addAdapter(LoRAModel to, String base, Head head) throws IOException {
        SavedAdapter begin = begin();
        return begin == null
                ? to.add(TextClassifier.ADAPTER, head.config(configOn(base), to.network()))
                : to.add(TextClassifier.ADAPTER, begin.adapter(to.network()));
    }

    /**
     * Opens the model with a classifier: a new one, or that of the adapter from which the training goes on.
     *
     * @param outputs the classes, and what the outputs mean
     * @param head what a new classifier reads; null for what suits the model
     * @param maxTokens where texts are cut; empty for where the adapter or the folder of the model says
     * @return the model
     * @throws IOException if a file cannot be read, or the adapter does not fit
     */
    public TextClassifier classifier(Outputs outputs, @Nullable Head head, OptionalInt maxTokens) throws IOException {
        SavedAdapter begin = begin();
        return opened.add(
                begin == null
                        ? TextClassifier.create(files.model(), outputs, head, maxTokens, plan.seed(), files.storage())
                        : TextClassifier.goOn(files.model(), begin, outputs, maxTokens, files.storage()));
    }

    /**
     * Adds the adapter that trains to a model with a classifier.
     *
     * @param to the model, which has its adapter if the training goes on from one
     * @return the view of the new adapter, or of the one from which the training goes on
     */
    public AdapterView addAdapter(TextClassifier to) {
        return begin() == null ? to.addAdapter(configOn(to.name())) : to.adapter();
    }

    /** Returns the configuration of the adapter with the name of its model. */
    private LoRAConfig configOn(String model) {
        return config.toBuilder()
                .hubFields(config.hubFields().withBaseModel(model))
                .build();
    }
}
