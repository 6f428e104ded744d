package org.lora4j.cli.train;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.task.SavedAdapter;

/**
 * What each training has, whatever its task.
 *
 * @param model the folder of the model
 * @param data the examples
 * @param config a new adapter
 * @param begin an adapter from which the training goes on; null for a new one
 * @param plan how it trains
 * @param storage how the large matrices of the model are stored
 */
public record TrainingInput(
        Path model,
        DataFile data,
        LoRAConfig config,
        @Nullable SavedAdapter begin,
        TrainingPlan plan,
        BaseStorage storage) {
    /**
     * Adds the adapter that trains to a model without a classifier.
     *
     * @param to the model
     * @param name the name of the adapter
     * @param base the name of the model
     * @return the view of the new adapter, or of the one from which the training goes on
     * @throws IOException if that one cannot be read, or does not fit
     */
    public AdapterView addAdapter(LoRAModel to, String name, String base) throws IOException {
        return begin == null ? to.add(name, configOn(base)) : to.add(name, begin.adapter(to.network()));
    }

    /**
     * Returns the configuration of the adapter with the name of its model.
     *
     * @param model the name of the model
     * @return the configuration
     */
    public LoRAConfig configOn(String model) {
        return config.toBuilder()
                .hubFields(config.hubFields().withBaseModel(model))
                .build();
    }
}
