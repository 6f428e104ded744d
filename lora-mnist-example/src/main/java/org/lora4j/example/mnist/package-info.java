/** RichBoyNet on MNIST: trained, fine-tuned on one digit through LoRA alone, and compared. */
@NullMarked
package org.lora4j.example.mnist;

import org.jspecify.annotations.NullMarked;
