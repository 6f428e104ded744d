package org.lora4j.nn.weight.internal;

import java.util.Iterator;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the product engine of this process: the first one on the class path that starts and is fast. */
public final class Engines {
    private static final Logger log = LoggerFactory.getLogger(Engines.class);

    private Engines() {}

    /** Looked for once, when the first weight needs it. */
    private static final class Found {
        static final @Nullable ProductEngine ENGINE =
                noted(select(ServiceLoader.load(ProductEngine.class, ProductEngine.class.getClassLoader())
                        .iterator()));

        private Found() {}

        private static @Nullable ProductEngine noted(@Nullable ProductEngine engine) {
            FlightEvents.chosen(engine == null ? "ND4J" : engine.name());
            return engine;
        }
    }

    /**
     * Returns the engine.
     *
     * @return null if ND4J computes all products
     */
    public static @Nullable ProductEngine engine() {
        return Found.ENGINE;
    }

    static @Nullable ProductEngine select(Iterator<ProductEngine> candidates) {
        while (true) {
            try {
                if (!candidates.hasNext()) {
                    return null;
                }
                ProductEngine engine = candidates.next();
                if (engine.isFast(Precision.FLOAT)) {
                    log.debug("{} multiplies with frozen weights", engine.name());
                    return engine;
                }
                log.info(
                        "{} has no fast products in single precision on this processor, so ND4J computes them",
                        engine.name());
            } catch (ServiceConfigurationError | LinkageError e) {
                log.warn("a product engine does not start, so ND4J computes the products: {}", e.toString());
                log.debug("the reason", e);
            }
        }
    }
}
