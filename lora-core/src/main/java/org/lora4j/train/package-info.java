/** Trains and evaluates models, with losses, ND4J's updaters, listeners and checkpoints. It does not depend on LoRA. */
@NullMarked
package org.lora4j.train;

import org.jspecify.annotations.NullMarked;
