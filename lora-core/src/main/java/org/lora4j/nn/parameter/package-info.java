/** Named arrays that are trainable or frozen. */
@NullMarked
package org.lora4j.nn.parameter;

import org.jspecify.annotations.NullMarked;
