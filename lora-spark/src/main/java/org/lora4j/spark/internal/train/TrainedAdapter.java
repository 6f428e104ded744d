package org.lora4j.spark;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;

/** What a training made, and the size of its network, which a model has to know without its base. */
final class TrainedAdapter implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String FILE = "network.json";
    private static final int MOST_BYTES = 1 << 16;

    private final @Nullable AdapterBytes adapter;
    private final int inputs;
    private final int outputs;
    private final @Nullable LoRATrainingSummary summary;

    /**
     * Holds the results.
     *
     * @param adapter the adapter; null for the size alone
     * @param inputs the number of features; −1 if the input is tokens or texts
     * @param outputs the number of outputs
     * @param summary null if the adapter was loaded
     */
    TrainedAdapter(@Nullable AdapterBytes adapter, int inputs, int outputs, @Nullable LoRATrainingSummary summary) {
        this.adapter = adapter;
        this.inputs = inputs;
        this.outputs = outputs;
        this.summary = summary;
    }

    AdapterBytes adapter() {
        return Objects.requireNonNull(adapter, "only the size of the network is here");
    }

    /** The size of the network alone, which is small when it travels. */
    TrainedAdapter withoutAdapter() {
        return new TrainedAdapter(null, inputs, outputs, null);
    }

    int inputs() {
        return inputs;
    }

    int outputs() {
        return outputs;
    }

    boolean hasSummary() {
        return summary != null;
    }

    /**
     * Returns the summary.
     *
     * @throws IllegalStateException if the adapter was loaded
     */
    LoRATrainingSummary summary() {
        if (summary == null) {
            throw new IllegalStateException("a model has a summary after fit, found a loaded one, which has none;"
                    + " use the model that fit returned");
        }
        return summary;
    }

    /** Stores the size of the network in the folder of a model. */
    void write(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        try (OutputStream out = files.create(new Path(folder, FILE), true)) {
            out.write(StrictJson.MAPPER.writeValueAsBytes(
                    StrictJson.MAPPER.createObjectNode().put("inputs", inputs).put("outputs", outputs)));
        }
    }

    /** Reads the size of the network in the folder of a model. */
    static TrainedAdapter read(Path folder, @Nullable AdapterBytes adapter, Configuration hadoop) throws IOException {
        Path file = new Path(folder, FILE);
        if (adapter == null) {
            throw new IOException(folder + " must have the folder adapter, found none; save the model again");
        }
        try (InputStream in = HadoopFiles.open(folder.getFileSystem(hadoop), file)) {
            JsonNode json = StrictJson.MAPPER.readTree(in.readNBytes(MOST_BYTES));
            return new TrainedAdapter(adapter, number(json, "inputs", file), number(json, "outputs", file), null);
        }
    }

    private static int number(JsonNode json, String field, Path file) throws IOException {
        JsonNode value = json.path(field);
        if (!value.canConvertToInt()) {
            throw new IOException(file + " must have the number " + field + ", found " + json);
        }
        return value.intValue();
    }
}
