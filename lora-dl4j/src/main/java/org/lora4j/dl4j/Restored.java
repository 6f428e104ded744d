package org.lora4j.dl4j;

import java.util.Objects;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.lora4j.adapter.LoRAAdapter;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * An adapted network that DL4J restored from a file or from its JSON text: with the arrays of its adapter and the state of
 * its updater, and without a base.
 *
 * @param <N> the type of the network
 * @param host the base
 * @param network the network
 */
record Restored<N extends Model>(Host<N> host, N network) {

    /**
     * Creates a network on the base that goes on where the restored one stopped.
     *
     * @param initial an adapter of the configuration with which the network was made
     * @param requireBase refuses to compute with a base that was trained
     * @throws IllegalArgumentException if the network is not one of this base and configuration
     */
    N onBase(LoRAAdapter.Initialized initial, Runnable requireBase) {
        N adapted = host.create(new Adaptation(initial.adapter(), initial.subtracted(), updater(), requireBase));
        for (HostLayer layer : host.layers()) {
            requireSame(layer.path(), conf(adapted, layer), conf(network, layer));
        }
        adapted.params().assign(network.params());
        host.copyTraining(network, adapted);
        return adapted;
    }

    private IUpdater updater() {
        for (HostLayer layer : host.layers()) {
            if (conf(network, layer) instanceof LoRALayer lora
                    && !lora.adapter().arrays().isEmpty()) {
                return Objects.requireNonNull(lora.getUpdaterByParam(""));
            }
        }
        throw new IllegalArgumentException(
                "the network must be one that LoRANetwork made, found one whose layers have no adapter");
    }

    private Layer conf(N of, HostLayer layer) {
        org.deeplearning4j.nn.api.Layer found = host.layer(of, layer.path());
        if (found == null) {
            throw new IllegalArgumentException(
                    "the network must have the layers of the base, found no '" + layer.path() + "'");
        }
        return found.conf().getLayer();
    }

    private static void requireSame(String path, Layer expected, Layer found) {
        boolean same = expected instanceof LoRALayer ours
                ? found instanceof LoRALayer theirs
                        && ours.adapter().arrays().equals(theirs.adapter().arrays())
                        && ours.adapter().targets().equals(theirs.adapter().targets())
                : !(found instanceof LoRALayer);
        if (!same) {
            throw new IllegalArgumentException("layer '" + path + "': the network must have the arrays of this base and"
                    + " configuration, expected " + expected + ", found " + found);
        }
    }
}
