package org.lora4j.spark.internal.param;

import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable;
import org.lora4j.adapter.LoRAConfig;

/** A parameter whose value is a whole configuration; saved as JSON. */
public final class LoRAConfigParam extends Param<LoRAConfig> {
    private static final long serialVersionUID = 1L;

    public LoRAConfigParam(Identifiable stage, String name, String doc) {
        super(stage, name, doc);
    }

    @Override
    public Class<LoRAConfig> dataClass() {
        return LoRAConfig.class;
    }

    @Override
    public String jsonEncode(LoRAConfig value) {
        return LoRAConfigJson.write(value);
    }

    @Override
    public LoRAConfig jsonDecode(String json) {
        return LoRAConfigJson.read(json);
    }
}
