package org.lora4j.example.text.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.AdapterView;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.nn.parameter.Parameter;

/**
 * How large a model and an adapter are.
 *
 * @param baseParameters the number of parameters of the encoder with its classifier, if it has one
 * @param adapterParameters the number of parameters of the adapter, with a classifier of its own
 * @param adaptedLayers the number of layers that the adapter changes
 * @param baseBytes the bytes of the model's file
 * @param adapterBytes the bytes of the adapter's file
 */
public record Sizes(
        long baseParameters, long adapterParameters, long adaptedLayers, long baseBytes, long adapterBytes) {
    /**
     * Prints the sizes of the files.
     *
     * @param out where
     */
    public void print(TextOutput out) {
        out.fact("the model has %.1f MB, the adapter %.1f KB", baseBytes / 1e6, adapterBytes / 1e3);
    }

    /**
     * Counts parameters and bytes.
     *
     * @param adapter the adapter
     * @param model the file of the model
     * @param saved the file of the adapter
     * @return the sizes
     * @throws IOException if a file cannot be read
     */
    public static Sizes of(AdapterView adapter, Path model, Path saved) throws IOException {
        return of(adapter, adapter.parameterReport().original(), model, saved);
    }

    /**
     * Counts parameters and bytes of an adapter of a model whose layers share a parameter.
     *
     * @param adapter the adapter
     * @param baseParameters the number of parameters of the model, each once
     * @param model the file of the model
     * @param saved the file of the adapter
     * @return the sizes
     * @throws IOException if a file cannot be read
     */
    public static Sizes of(AdapterView adapter, long baseParameters, Path model, Path saved) throws IOException {
        return new Sizes(
                baseParameters,
                adapter.parameters().stream()
                        .map(Parameter::value)
                        .mapToLong(value -> value.length())
                        .sum(),
                adapter.parameterReport().layers().stream()
                        .filter(layer -> layer.loraA() != null)
                        .count(),
                Files.size(model),
                Files.size(saved));
    }
}
