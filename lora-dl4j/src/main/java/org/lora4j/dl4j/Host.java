package org.lora4j.dl4j;

import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;

/**
 * One of DL4J's two kinds of networks.
 *
 * @param <N> the kind
 */
interface Host<N extends Model> {
    /** The network that is adapted. */
    N base();

    /** How many steps the network that is adapted was trained. */
    int iterations();

    /** Its layers, in its own order. */
    List<HostLayer> layers();

    /** Creates an adapted network, whose arrays are not set. */
    N create(Adaptation adaptation);

    /**
     * Copies the base.
     *
     * @param withBias the paths of layers without a bias that get one in the copy, of zeros
     */
    N copy(Set<String> withBias);

    /** The layer of another network of the same form. */
    Layer layer(N network, String path);

    /** Copies the state of a training: the updater's arrays, iterations and epochs. */
    void copyTraining(N from, N to);
}
