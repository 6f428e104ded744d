package org.lora4j.text.job;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.text.train.TrainableTask;

/**
 * What an encoder learns of texts. The defaults are those of classes.
 *
 * @param <E> an example
 * @param <T> what trains
 */
abstract class EncoderJob<E, T extends TrainableTask<E, ?>> extends JobTask<E> {
    private @Nullable T task;

    @Override
    final T trainable(long seed) throws IOException {
        T created = create(seed);
        task = created;
        return created;
    }

    /** Creates what {@link #trainable} returns. */
    abstract T create(long seed) throws IOException;

    /** What trains, once it was created. */
    final T task() {
        return Objects.requireNonNull(task, "the task must be created before");
    }

    @Override
    DefaultRate rate() {
        return DefaultRate.of(5e-4);
    }

    @Override
    DefaultEpochs epochs() {
        return DefaultEpochs.CLASSIFY;
    }

    @Override
    int batchSize() {
        return 16;
    }
}
