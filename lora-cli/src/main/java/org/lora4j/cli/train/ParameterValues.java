package org.lora4j.cli.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the parameters of an adapter were at one moment. */
public final class ParameterValues {
    private final Map<Parameter, INDArray> values = new LinkedHashMap<>();

    /**
     * Copies them.
     *
     * @param adapter the adapter
     */
    public ParameterValues(AdapterView adapter) {
        for (Parameter parameter : adapter.parameters()) {
            if (parameter.isTrainable()) {
                values.put(parameter, parameter.value().dup());
            }
        }
    }

    /** Gives the parameters these values again. */
    public void restore() {
        values.forEach(Parameter::assign);
    }
}
