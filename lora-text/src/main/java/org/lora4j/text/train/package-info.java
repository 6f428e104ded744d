/** How adapters are trained for tasks: what a loss, a batch and a measure are for each of them. */
@NullMarked
package org.lora4j.text.train;

import org.jspecify.annotations.NullMarked;
