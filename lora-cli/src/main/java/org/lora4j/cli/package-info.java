/** The program {@code lora}: from a file of texts to a trained and tested adapter, without code. */
@NullMarked
package org.lora4j.cli;

import org.jspecify.annotations.NullMarked;
