/** The program: a real transformer fine-tuned on real text with LoRA. */
@NullMarked
package org.lora4j.example.text;

import org.jspecify.annotations.NullMarked;
