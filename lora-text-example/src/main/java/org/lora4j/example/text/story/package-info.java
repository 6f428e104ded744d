/** A language model from random weights, and an adapter that teaches it a newer language. */
@NullMarked
package org.lora4j.example.text.story;

import org.jspecify.annotations.NullMarked;
