package org.lora4j.model.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;

/** The copies of a layer that an adapter trains in full. */
record SavedParameters(Parameter weight, @Nullable Parameter bias) {}
