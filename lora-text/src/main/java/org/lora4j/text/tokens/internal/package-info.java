/** Tokens of texts by the vocabulary of a GGUF file. */
@NullMarked
package org.lora4j.text.tokens.internal;

import org.jspecify.annotations.NullMarked;
