package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Linear;

/** The linear layers within another layer. */
final class InnerLinears {
    private final PassResources resources;
    private final List<LinearPass> all = new ArrayList<>();

    InnerLinears(PassResources resources) {
        this.resources = resources;
    }

    /** Adds a layer, in the order in which they compute. */
    LinearPass add(Linear layer) {
        LinearPass pass = new LinearPass(layer, resources);
        all.add(pass);
        return pass;
    }

    void bind(Segments batch) {
        all.forEach(linear -> linear.bind(batch));
    }

    boolean train() {
        return all.stream().anyMatch(LinearPass::trains);
    }

    /** The path of the first one whose last output holds NaN or an infinity in the rows of a segment. */
    Optional<String> firstNonFinite(Segments batch, int segment) {
        return all.stream()
                .filter(linear -> !linear.isFinite(batch, segment))
                .map(LinearPass::path)
                .findFirst();
    }
}
