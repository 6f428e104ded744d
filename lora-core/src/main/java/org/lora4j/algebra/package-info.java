/** Calculates with adapters: combines, extracts, converts and resizes them, for every kind of layer. */
@NullMarked
package org.lora4j.algebra;

import org.jspecify.annotations.NullMarked;
