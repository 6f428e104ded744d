/** Training and testing of models: losses, ND4J's updaters, listeners. It knows networks, not LoRA. */
@NullMarked
package org.lora4j.train;

import org.jspecify.annotations.NullMarked;
