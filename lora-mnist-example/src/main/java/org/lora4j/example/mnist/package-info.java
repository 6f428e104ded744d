/** The article's experiment, LoRA on MNIST: in one file, and as a program with options and a report. */
@NullMarked
package org.lora4j.example.mnist;

import org.jspecify.annotations.NullMarked;
