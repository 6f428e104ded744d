/** Calculating with adapters: combine, extract, convert and resize them. */
@NullMarked
package org.lora4j.algebra;

import org.jspecify.annotations.NullMarked;
