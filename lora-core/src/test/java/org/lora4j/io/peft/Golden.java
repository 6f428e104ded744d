package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.Models;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.safetensors.RawFile;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A case of the reference implementation.
 *
 * @param folder its folder
 * @param io its inputs and outputs
 */
record Golden(Path folder, SafeTensors io) {
    private static final double TOLERANCE = 1e-5;

    static Golden of(String name) throws Exception {
        Path folder = RawFile.golden(name);
        return new Golden(folder, SafeTensors.read(folder.resolve("io.safetensors")));
    }

    /** The plain network of the case. */
    Network base() throws Exception {
        Network network = emptyNetwork();
        network.loadParameters(folder.resolve("base.safetensors"));
        return network;
    }

    /** A network of the same layers with other parameters. */
    static Network emptyNetwork() {
        return Models.dense(DataType.FLOAT, 0, 12, 16, 9, 5);
    }

    INDArray x() throws Exception {
        return io.tensor("x");
    }

    /** Row i of the input. */
    INDArray x(int row) throws Exception {
        return x().getRow(row, true).dup();
    }

    void assertOutput(String name, INDArray actual) throws Exception {
        assertClose(name, io.tensor(name), actual);
    }

    /** Compares with the weights after merging. */
    void assertMerged(Network merged) throws Exception {
        for (Parameter parameter : merged.parameters()) {
            assertOutput("merged." + parameter.name(), parameter.value());
        }
    }

    static void assertClose(String what, INDArray expected, INDArray actual) {
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(Differences.greatest(actual, expected)).as(what).isLessThan(TOLERANCE);
    }

    /** The rows of a mixed batch by adapter. */
    List<String> mixedBatch() throws Exception {
        JsonNode rows = new ObjectMapper()
                .readTree(folder.resolve("case.json").toFile())
                .at("/settings/mixed_batch");
        List<String> names = new ArrayList<>();
        rows.forEach(row -> names.add(row.textValue()));
        return names;
    }
}
