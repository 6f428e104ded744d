/** What reading and writing a model as a GGUF file needs to say. */
@NullMarked
package org.lora4j.io.gguf.model;

import org.jspecify.annotations.NullMarked;
