/**
 * GGUF files as models: their keys, and their tensors in the form of transformers. Not part of the API: it can change in any
 * release.
 */
@NullMarked
package org.lora4j.io.gguf.internal;

import org.jspecify.annotations.NullMarked;
