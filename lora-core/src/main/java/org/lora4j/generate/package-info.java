/**
 * Generation of text by decoders of the Llama family and GPT-2, with and without adapters: one text at a time with {@link
 * org.lora4j.generate.Generator}, many with {@link org.lora4j.generate.BatchGenerator}.
 */
@NullMarked
package org.lora4j.generate;

import org.jspecify.annotations.NullMarked;
