package org.lora4j.model.internal;

import org.lora4j.nn.input.Input;

/**
 * What an initialization from data needs.
 *
 * @param batches rows or sequences that the base computes
 * @param rho how many times its rank a layer can get at most, at least 1
 */
public record EvaData(Iterable<? extends Input> batches, double rho) {}
