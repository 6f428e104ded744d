/**
 * Figures of a service for Micrometer. It needs nothing of Spring.
 *
 * <pre>{@code
 * ServingMetrics.of(predictor::stats).bindTo(registry);
 * }</pre>
 */
@NullMarked
package org.lora4j.micrometer;

import org.jspecify.annotations.NullMarked;
