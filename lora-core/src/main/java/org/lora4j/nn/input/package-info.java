/** What networks take: rows of features, or sequences of tokens. */
@NullMarked
package org.lora4j.nn.input;

import org.jspecify.annotations.NullMarked;
