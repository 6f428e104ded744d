/** The images of MNIST: files, images with labels, and batches. */
@NullMarked
package org.lora4j.example.mnist.data;

import org.jspecify.annotations.NullMarked;
