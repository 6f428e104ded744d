package org.lora4j.internal.events;

import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Says whether the flight recorder runs. To load the class of an event takes a tenth of a second or more, so nothing must use one of them
 * before this is true.
 */
public final class FlightEvents {
    private static volatile @Nullable String engine;

    private FlightEvents() {}

    /** Registered once, when the first recording runs. */
    private static final class Registration {
        static final boolean IS_DONE = register();

        private Registration() {}

        private static boolean register() {
            // A recording that starts after the engine was chosen has it too.
            FlightRecorder.addPeriodicEvent(ProductEngineEvent.class, () -> {
                String name = engine;
                if (name != null) {
                    new ProductEngineEvent().end(name);
                }
            });
            return true;
        }
    }

    /** Whether a recording has been started in this process. Then an event decides itself whether it is recorded. */
    public static boolean areOn() {
        return FlightRecorder.isInitialized() && Registration.IS_DONE;
    }

    /** Notes what multiplies with frozen weights. */
    public static void chosen(String name) {
        engine = name;
    }
}
