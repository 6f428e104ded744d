package org.lora4j.train;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;

/** The settings of a {@link Trainer}. */
record TrainingSettings(
        Model model,
        UpdaterGroups updaters,
        Loss loss,
        int epochs,
        long maxIterations,
        double clipNorm,
        int accumulate,
        boolean recomputes,
        @Nullable Validation validation,
        boolean restoresOnDivergence,
        List<TrainingListener> listeners,
        LongPredicate checkpointAfter,
        TrainingState.Sink checkpoints,
        BooleanSupplier stopsWhen,
        @Nullable TrainingState resumed) {}
