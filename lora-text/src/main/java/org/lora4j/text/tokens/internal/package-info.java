/** Tokens of texts by the vocabulary of a GGUF file, and how many texts become tokens at the same time. */
@NullMarked
package org.lora4j.text.tokens.internal;

import org.jspecify.annotations.NullMarked;
