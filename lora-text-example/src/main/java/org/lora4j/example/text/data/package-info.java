/** Texts with their classes, and pairs of texts. */
@NullMarked
package org.lora4j.example.text.data;

import org.jspecify.annotations.NullMarked;
