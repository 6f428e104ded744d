/** Tokens of texts by the vocabulary of a GGUF file. */
@NullMarked
package org.lora4j.text.internal.vocabulary;

import org.jspecify.annotations.NullMarked;
