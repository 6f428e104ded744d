package org.lora4j.cli.train;

import java.nio.file.Path;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.BaseStorage;

/**
 * What each training has, whatever its task.
 *
 * @param model the folder of the model
 * @param data the examples
 * @param config the adapter
 * @param plan how it trains
 * @param storage how the large matrices of the model are stored
 */
public record TrainingInput(Path model, DataFile data, LoRAConfig config, TrainingPlan plan, BaseStorage storage) {
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
