/**
 * Frozen weights that are packed once and multiplied by oneDNN: {@link org.lora4j.onednn.OneDnnEngine}. A program only needs
 * this module on its class path.
 */
@NullMarked
package org.lora4j.onednn;

import org.jspecify.annotations.NullMarked;
