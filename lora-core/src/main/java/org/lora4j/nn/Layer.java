package org.lora4j.nn;

/**
 * A layer of a {@link Network}. Layers hold parameters and nothing that changes between calls, so that threads can
 * share them.
 */
public sealed interface Layer permits Linear, Activation {
    /**
     * Returns the name by which files and adapters know the layer.
     *
     * @return the module path, such as {@code linear1}
     */
    String path();
}
