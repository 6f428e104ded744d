/**
 * Figures of a service and of a training for Micrometer. It needs nothing of Spring.
 *
 * <pre>{@code
 * ServingMetrics.of(predictor::stats).bindTo(registry);
 * TrainingMetrics.of("support").bindTo(registry);
 * }</pre>
 */
@NullMarked
package org.lora4j.micrometer;

import org.jspecify.annotations.NullMarked;
