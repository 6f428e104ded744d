/**
 * Named arrays that are trainable or frozen.
 *
 * <pre>{@code
 * for (Parameter parameter : nine.parameters()) {
 *     System.out.println(parameter.name() + " " + parameter.isTrainable());
 * }
 * }</pre>
 */
@NullMarked
package org.lora4j.nn.parameter;

import org.jspecify.annotations.NullMarked;
