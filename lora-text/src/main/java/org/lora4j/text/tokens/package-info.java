/** Texts to tokens and back, as the files of a model say: where texts are cut, and which prompts stand before them. */
@NullMarked
package org.lora4j.text.tokens;

import org.jspecify.annotations.NullMarked;
