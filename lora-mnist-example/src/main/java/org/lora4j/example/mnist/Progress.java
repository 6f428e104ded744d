package org.lora4j.example.mnist;

import org.lora4j.train.TrainingListener;

/** Shows how a training gets on. */
interface Progress extends TrainingListener, AutoCloseable {
    @Override
    void close();
}
