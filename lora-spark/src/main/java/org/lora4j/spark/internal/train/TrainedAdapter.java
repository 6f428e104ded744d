package org.lora4j.spark.internal.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.HadoopFiles;

/** What a training made, and the size of its network, which a model has to know without its base. */
public final class TrainedAdapter implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String FILE = "network.json";
    private static final int MOST_BYTES = 1 << 16;

    private final @Nullable AdapterBytes adapter;
    private final int inputs;
    private final int outputs;
    private final double @Nullable [] objective;
    private final double @Nullable [] validation;

    /**
     * Holds the results of a training.
     *
     * @param adapter the adapter
     * @param inputs the number of features; −1 if the input is tokens or texts
     * @param outputs the number of outputs
     * @param objective the mean loss of each round
     * @param validation the mean loss of the rows for validation after each epoch
     */
    TrainedAdapter(AdapterBytes adapter, int inputs, int outputs, List<Double> objective, List<Double> validation) {
        this(adapter, inputs, outputs, array(objective), array(validation));
    }

    /** Holds what was loaded or travels, which has no losses. */
    private TrainedAdapter(@Nullable AdapterBytes adapter, int inputs, int outputs) {
        this(adapter, inputs, outputs, (double[]) null, null);
    }

    private TrainedAdapter(
            @Nullable AdapterBytes adapter,
            int inputs,
            int outputs,
            double @Nullable [] objective,
            double @Nullable [] validation) {
        this.adapter = adapter;
        this.inputs = inputs;
        this.outputs = outputs;
        this.objective = objective;
        this.validation = validation;
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    public AdapterBytes adapter() {
        return Objects.requireNonNull(adapter, "only the size of the network is here");
    }

    /** The size of the network alone, which is small when it travels. */
    public TrainedAdapter withoutAdapter() {
        return new TrainedAdapter(null, inputs, outputs);
    }

    public int inputs() {
        return inputs;
    }

    public int outputs() {
        return outputs;
    }

    /** The mean loss of each round; null if the adapter was loaded. */
    public double @Nullable [] objective() {
        return objective;
    }

    /** The mean loss of the rows for validation after each epoch; null if the adapter was loaded. */
    public double @Nullable [] validation() {
        return validation;
    }

    /** Stores the size of the network in the folder of a model. */
    public void write(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        try (OutputStream out = files.create(new Path(folder, FILE), true)) {
            out.write(StrictJson.MAPPER.writeValueAsBytes(
                    StrictJson.MAPPER.createObjectNode().put("inputs", inputs).put("outputs", outputs)));
        }
    }

    /** Reads the size of the network in the folder of a model. */
    public static TrainedAdapter read(Path folder, @Nullable AdapterBytes adapter, Configuration hadoop)
            throws IOException {
        Path file = new Path(folder, FILE);
        if (adapter == null) {
            throw new IOException(folder + " must have the folder adapter, found none; save the model again");
        }
        try (InputStream in = HadoopFiles.open(folder.getFileSystem(hadoop), file)) {
            JsonNode json = StrictJson.MAPPER.readTree(in.readNBytes(MOST_BYTES));
            return new TrainedAdapter(adapter, number(json, "inputs", file), number(json, "outputs", file));
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
