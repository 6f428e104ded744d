/**
 * Named arrays that are trainable or frozen.
 *
 * <pre>{@code
 * List<String> trained = nine.parameters().stream()
 *         .filter(Parameter::isTrainable)
 *         .map(Parameter::name)                                 // such as linear1.lora_A.weight
 *         .toList();
 * }</pre>
 */
@NullMarked
package org.lora4j.nn.parameter;

import org.jspecify.annotations.NullMarked;
